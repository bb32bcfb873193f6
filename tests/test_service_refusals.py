"""Whatever is wrong with a call, each door answers with the same, documented problem document."""

import inspect
import re

import pytest

from aimusic import errors
from aimusic.errors import FieldError, InvalidRequest, JobFailed, MusicError, Unavailable
from aimusic.service.app import create_app
from aimusic.service.openapi import document
from aimusic.settings import Settings

RULES = list(create_app(Settings(_env_file=None)).url_map.iter_rules())  # nothing is started
METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"}
MEMBERS = {"type", "status", "title", "detail", "instance", "request_id", "success", "error"}
DOORS = ("/api/generate", "/api/v1/pieces", "/api/v1/plan")
READERS = [
    (method.upper(), path)
    for path, methods in document()["paths"].items()
    for method, operation in methods.items()
    if "requestBody" in operation
]


def problem_of(response, status):
    """The document of a refusal, after what holds for each."""
    assert response.status_code == status, response.text
    assert response.content_type == "application/problem+json"
    assert response.headers["Cache-Control"] == "no-store"
    problem = response.get_json()
    assert problem.keys() - {"errors", "request"} == MEMBERS
    assert problem["status"] == status and problem["success"] is False
    assert problem["error"] == problem["detail"] and problem["request_id"] == response.headers["X-Request-ID"]
    assert problem["type"] == "urn:aimusic:problem:" + problem["title"].lower().replace(" ", "-")
    assert ("errors" in problem) == (status == 422)
    return problem


def address(rule: str) -> str:
    return re.sub(r"<[^>]+>|{[^}]+}", "x", rule)


@pytest.mark.parametrize("rule", sorted({rule.rule for rule in RULES}))
def test_each_address_refuses_every_method_that_it_does_not_know(client, rule):
    allowed = set().union(*(each.methods for each in RULES if each.rule == rule))
    for method in sorted(METHODS - allowed):
        response = client.open(address(rule), method=method)
        assert set(response.headers["Allow"].split(", ")) == allowed, method
        if method == "HEAD":
            assert response.status_code == 405 and response.data == b""
        else:
            assert problem_of(response, 405)["instance"] == address(rule)


BODIES = [
    (b"not json", 400, "is not JSON: Expecting value at line 1, column 1"),
    (b'{"tempo": 90', 400, "is not JSON"),
    (b"null", 400, "must be a JSON object"),
    (b'["style"]', 400, "must be a JSON object"),
    (b'{"tempo": 90, "tempo": 90}', 400, "the field 'tempo' is given twice"),
    (b'{"a": ' + b"[" * 40 + b"]" * 40 + b"}", 400, "nested deeper than 32 levels"),
    (b'{"title": "\xff"}', 400, "not UTF-8"),
    (b'{"title": "\\ud800"}', 400, "half of a surrogate pair"),
    (b'{"seed": ' + b"9" * 401 + b"}", 400, "more than 400 digits"),
    (b"x" * 65_537, 413, "at most 65536 bytes"),
]


def test_four_calls_read_a_body():
    assert len(READERS) == 4 and {path for method, path in READERS if method == "POST"} == set(DOORS)


@pytest.mark.parametrize(("method", "path"), READERS)
def test_each_call_that_reads_a_body_refuses_what_is_no_object(client, method, path):
    for body, status, sentence in BODIES:
        response = client.open(address(path), method=method, data=body, content_type="application/json")
        assert sentence in problem_of(response, status)["detail"], body[:20]


@pytest.mark.parametrize(("method", "path"), READERS)
@pytest.mark.parametrize("media", ["text/plain", "application/xml", "multipart/form-data", "json", None])
def test_each_call_that_reads_a_body_wants_it_announced_as_json(client, method, path, media):
    problem = problem_of(client.open(address(path), method=method, data=b"{}", content_type=media), 415)
    assert "application/json" in problem["detail"] and (media or "no Content-Type") in problem["detail"]


@pytest.mark.parametrize("path", ["/api/styles", "/api/v1/pieces", "/health/live", "/api/v1/capabilities"])
def test_a_body_that_nobody_reads_is_no_fault(client, path):
    assert client.get(path, data=b"not json", content_type="text/plain").status_code == 200


WISHES = [
    ('{"style": "polka"}', "style", "unknown_style", "must be one of"),
    ('{"style": "../jazz"}', "style", "unknown_style", "got \"../jazz\"; did you mean 'jazz'?"),
    ('{"duration": 0}', "duration", "out_of_range", "between 1 and 300, got 0"),
    ('{"duration": -5}', "duration", "out_of_range", "between 1 and 300, got -5"),
    ('{"duration": 301}', "duration", "out_of_range", "between 1 and 300, got 301"),
    ('{"duration": "abc"}', "duration", "wrong_type", 'got "abc"'),
    ('{"duration": NaN}', "duration", "not_finite", "got NaN"),
    ('{"duration": true}', "duration", "wrong_type", "got true"),
    ('{"tempo": 59}', "tempo", "out_of_range", "between 60 and 200, got 59"),
    ('{"tempo": 201}', "tempo", "out_of_range", "between 60 and 200, got 201"),
    ('{"tempo": -Infinity}', "tempo", "not_finite", "got -Infinity"),
    ('{"durration": 30}', "durration", "unknown_field", "did you mean 'duration'?"),
    ('{"__proto__": {}}', "__proto__", "unknown_field", "is not a field; the fields are"),
]


@pytest.mark.parametrize(("body", "field", "code", "sentence"), WISHES, ids=lambda value: value[:24])
def test_every_door_refuses_a_wrong_wish_in_the_same_words(client, body, field, code, sentence):
    told = []
    for door in DOORS:
        problem = problem_of(client.post(door, data=body, content_type="application/json"), 422)
        assert problem["title"] == "Invalid request" and problem["instance"] == door
        told.append(problem["errors"])
    assert told[0] == told[1] == told[2]
    (error,) = told[0]
    assert (error["pointer"], error["code"]) == (f"#/{field}", code) and sentence in error["detail"]


UP = ["../", "..%2f", "%2e%2e/", "%2e%2e%2f", "%252e%252e%252f", "..%5c", "..%c0%af", "%c0%ae%c0%ae/",
      "..%00/", "..;/", "%EF%BC%8E%EF%BC%8E%EF%BC%8F", "%e2%80%a6/"]  # fmt: skip
PLACES = ["/api/download/{}aimusic.db", "/api/v1/pieces/{}aimusic.db", "/api/v1/pieces/{}x/midi",
          "/api/v1/pieces/{}x/audio.wav", "/api/v1/jobs/{}x/events", "/studio/{}app.py"]  # fmt: skip


@pytest.mark.parametrize("place", PLACES)
def test_no_way_of_writing_two_dots_leads_out_of_a_folder(client, place):
    for up in UP:
        for times in (1, 3):
            with client.get(place.format(up * times)) as response:
                problem_of(response, 404)


TREE = {cls for _, cls in inspect.getmembers(errors, inspect.isclass) if issubclass(cls, MusicError)}
SAID = {
    "MusicError": (500, "Internal error"),
    "InvalidRequest": (422, "Invalid request"),
    "MalformedBody": (400, "Malformed body"),
    "NotFound": (404, "Not found"),
    "BodyTooLarge": (413, "Body too large"),
    "UnsupportedMediaType": (415, "Unsupported media type"),
    "GenerationFailed": (500, "Generation failed"),
    "JobFailed": (409, "Job cancelled"),
    "Unavailable": (503, "Service unavailable"),
    "StorageFull": (507, "Insufficient storage"),
    "InvalidSettings": (500, "Invalid settings"),
    "InvalidStyle": (500, "Invalid style"),
    "InvalidInstrument": (500, "Invalid instrument"),
    "InvalidCheckpoint": (503, "Invalid checkpoint"),
    "InvalidData": (500, "Invalid training data"),
}
FAULT = FieldError("#/tempo", "is too slow", "out_of_range")


def an_error(cls) -> MusicError:
    if cls is InvalidRequest:
        return cls(FAULT)
    if cls is JobFailed:
        return cls({"status": 409, "title": "Job cancelled", "detail": "tempo: is too slow"})
    return cls("tempo: is too slow")


@pytest.mark.parametrize("cls", sorted(TREE, key=lambda cls: cls.__name__))
def test_each_of_our_errors_is_told_with_its_own_status_and_title(make_settings, cls):
    app = create_app(make_settings())

    @app.get("/fails")
    def fails():
        raise an_error(cls)

    status, title = SAID[cls.__name__]
    response = app.test_client().get("/fails")
    problem = problem_of(response, status)
    assert (problem["title"], problem["detail"]) == (title, "tempo: is too slow")
    assert ("Retry-After" in response.headers) == (cls is Unavailable)


@pytest.mark.parametrize("cls", sorted(TREE, key=lambda cls: cls.__name__))
def test_an_error_recorded_with_a_job_is_told_as_if_it_had_happened_now(cls):
    told = an_error(cls).problem()
    assert JobFailed(told).problem() == told


def test_members_say_what_a_client_can_act_on():
    assert an_error(InvalidRequest).members() == {
        "errors": [{"pointer": "#/tempo", "detail": "is too slow", "code": "out_of_range"}]
    }
    assert str(InvalidRequest(FAULT, FieldError("#/", "is empty", "wrong_type"))) == (
        "tempo: is too slow; body: is empty"
    )
    assert Unavailable("later").members() == {}
    assert Unavailable("later", request={"seed": 1}).members() == {"request": {"seed": 1}}
