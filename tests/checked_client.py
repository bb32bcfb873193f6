"""The Flask client of the tests: each answer must be one that the published description promises."""

from functools import cache

from flask.testing import FlaskClient
from jsonschema import Draft202012Validator
from werkzeug.exceptions import HTTPException

from aimusic.service.openapi import document

PROBLEM = {"$ref": "#/components/schemas/Problem"}


class CheckedClient(FlaskClient):
    """Raises AssertionError or a ValidationError for an answer that is not described."""

    def open(self, *arguments, **named):
        response = super().open(*arguments, **named)
        check(self.application, response)
        return response


def check(app, response) -> None:
    """Status, media type and JSON of an answer against the description of its operation."""
    if response.request.method == "OPTIONS" or response.status_code == 308:
        return
    described = operation(app, response.request)
    if described is None:
        answer = {"content": {"application/problem+json": {"schema": PROBLEM}}}
        assert (
            response.request.path.startswith("/studio")
            or response.status_code >= 400
            or response.mimetype[:5] == "image"
        )
    else:
        name = str(response.status_code)
        assert name in described["responses"], f"{described['operationId']} does not promise {name}"
        answer = described["responses"][name]
    if response.is_json and response.request.method != "HEAD" and response.status_code != 206:
        media = answer["content"]
        assert response.mimetype in media, f"{response.mimetype} is not promised"
        validator(str(media[response.mimetype]["schema"].get("$ref", ""))).validate(response.get_json())


def operation(app, request) -> dict | None:
    """The description of what was asked for; None where the service has nothing."""
    try:
        rule, _ = app.url_map.bind("localhost").match(request.path, request.method, return_rule=True)
    except HTTPException:
        return None
    path = rule.rule.replace("<", "{").replace(">", "}")
    methods = document()["paths"].get(path, {})
    return methods.get("get" if request.method == "HEAD" else request.method.lower())


@cache
def validator(ref: str) -> Draft202012Validator:
    """A validator for one of the document's schemas; for anything where there is none."""
    schema = {"$ref": ref, "components": document()["components"]} if ref else {}
    return Draft202012Validator(schema)
