# `make run` and `make test` need python3 with venv, and nothing else. pip reads PIP_* variables as usual.

VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
TEST_STAMP := $(VENV)/.installed-for-tests
PIP := $(BIN)/pip install --disable-pip-version-check

.PHONY: help run test fast lint format check

help: ## this list
	@awk -F':.*## ' '/^[a-z]+:.*## /{printf "make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: $(STAMP) ## install what is missing, then serve on PORT (default 5001)
	$(if $(PORT),PORT=$(PORT)) $(BIN)/python ai_music_system.py

test: $(TEST_STAMP) ## every test, with coverage
	$(BIN)/pytest -n 2 --cov --cov-report=term:skip-covered --cov-fail-under=85

fast: $(TEST_STAMP) ## the tests that take seconds
	$(BIN)/pytest -n 2 -m "not slow"

lint: $(TEST_STAMP) ## format, lint and import rules
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports

format: $(TEST_STAMP) ## write the code as the house writes it
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

check: ## what the build runs: lint and every test in a new environment
	.ci/run

$(VENV)/bin/python:
	python3 -m venv $(VENV)

$(STAMP): requirements_full_ai.txt pyproject.toml | $(VENV)/bin/python
	$(PIP) -r requirements_full_ai.txt -e .
	touch $@

$(TEST_STAMP): requirements_full_ai.txt pyproject.toml | $(VENV)/bin/python
	$(PIP) -r requirements_full_ai.txt -e ".[test]"
	touch $@ $(STAMP)
