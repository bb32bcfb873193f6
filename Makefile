# `make run` needs python3 with venv, and nothing else. pip reads PIP_* variables as usual.

VENV := .venv
STAMP := $(VENV)/.installed

.PHONY: run

run: $(STAMP)  ## install what is missing, then serve on PORT (default 5001)
	$(if $(PORT),PORT=$(PORT)) $(VENV)/bin/python ai_music_system.py

$(STAMP): requirements_full_ai.txt pyproject.toml
	python3 -m venv $(VENV)
	$(VENV)/bin/pip install --disable-pip-version-check -r requirements_full_ai.txt -e .
	touch $@
