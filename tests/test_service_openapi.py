"""The published description is valid, complete, and what the service does."""

import re
from pathlib import Path

import pytest
from jsonschema import ValidationError
from openapi_spec_validator import OpenAPIV31SpecValidator

from aimusic.music.request import Request
from aimusic.service.openapi import document
from aimusic.service.schemas import Notes
from aimusic.style import load_styles
from tests.checked_client import CheckedClient, check

STUDIO = Path(__file__).parents[1] / "aimusic" / "service" / "studio"


def test_the_document_is_valid_openapi(client):
    published = client.get("/openapi.json").get_json()
    assert published["openapi"] == "3.1.0" and published == document()
    OpenAPIV31SpecValidator(published).validate()


def test_every_address_is_described_and_every_description_has_an_address(service):
    there = {
        (rule.rule.replace("<", "{").replace(">", "}"), method.lower())
        for rule in service.url_map.iter_rules()
        for method in rule.methods - {"HEAD", "OPTIONS"}
        if not rule.rule.startswith(("/studio", "/favicon"))
    }
    described = {(path, method) for path, methods in document()["paths"].items() for method in methods}
    assert there == described


def test_operations_have_names_of_their_own():
    names = [each["operationId"] for methods in document()["paths"].values() for each in methods.values()]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("model", [Request, Notes], ids=lambda model: model.__name__)
def test_the_schema_of_a_body_has_the_limits_of_its_model(model):
    schema = document()["components"]["schemas"][model.__name__]
    assert set(schema["properties"]) == set(model.model_fields) and schema["additionalProperties"] is False
    if model is Request:
        assert schema["properties"]["style"]["enum"] == list(load_styles())
        assert schema["properties"]["tempo"]["anyOf"][0]["maximum"] == 200


class Answer:
    """What the check needs of a response."""

    is_json, mimetype = True, "application/json"

    def __init__(self, status_code, body, request):
        self.status_code, self._body, self.request = status_code, body, request

    def get_json(self):
        return self._body


class Asked:
    method, path = "GET", "/health/live"


def test_the_check_lets_a_described_answer_pass(service):
    check(service, Answer(200, {"status": "alive"}, Asked))


@pytest.mark.parametrize("body", [{}, {"status": "dead"}, {"status": "alive", "more": 1}, []])
def test_the_check_finds_an_answer_that_is_not_described(service, body):
    with pytest.raises(ValidationError):
        check(service, Answer(200, body, Asked))


def test_the_check_finds_a_status_that_is_not_promised(service):
    with pytest.raises(AssertionError, match="does not promise 201"):
        check(service, Answer(201, {"status": "alive"}, Asked))
    assert service.test_client_class is CheckedClient


def test_the_page_needs_nothing_from_elsewhere(client):
    with client.get("/docs") as answer:
        page = answer.text
        assert answer.mimetype == "text/html"
    assert not re.search(r"<script(?![^>]*\bsrc=)|\son\w+=|style=|https?://", page)
    for path in re.findall(r'(?:src|href)="(/[^"]+)"', page):
        with client.get(path) as answer:
            assert answer.status_code == 200 and answer.data
    assert "http" not in (STUDIO / "docs.js").read_text(encoding="utf-8")
