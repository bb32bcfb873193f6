"""A bad request is refused with a sentence that names the field, what is allowed, and what was given."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aimusic.music.request import Request
from aimusic.style import load_styles

BAD_FIELDS = [
    ({"style": "polka-no"}, "style", "must be one of ambient, blues, ", "unknown_style"),
    ({"style": "JAZZ"}, "style", "did you mean 'jazz'?", "unknown_style"),
    ({"style": ""}, "style", 'got ""', "unknown_style"),
    ({"style": 5}, "style", "must be text of at most 64 characters, got 5", "wrong_type"),
    ({"style": None}, "style", "got null", "wrong_type"),
    ({"style": ["jazz"]}, "style", 'got ["jazz"]', "wrong_type"),
    ({"duration": 0}, "duration", "must be a number between 1 and 300, got 0", "out_of_range"),
    ({"duration": -5}, "duration", "must be a number between 1 and 300, got -5", "out_of_range"),
    ({"duration": 301}, "duration", "must be a number between 1 and 300, got 301", "out_of_range"),
    ({"duration": 300.0001}, "duration", "got 300.0001", "out_of_range"),
    ({"duration": "abc"}, "duration", 'must be a number between 1 and 300, got "abc"', "wrong_type"),
    ({"duration": "30"}, "duration", 'got "30"', "wrong_type"),
    ({"duration": True}, "duration", "got true", "wrong_type"),
    ({"duration": None}, "duration", "got null", "wrong_type"),
    ({"duration": float("nan")}, "duration", "must be a number between 1 and 300, got NaN", "not_finite"),
    ({"duration": float("inf")}, "duration", "got Infinity", "not_finite"),
    ({"duration": 10**300}, "duration", "between 1 and 300, got 1000", "out_of_range"),
    ({"duration": 10**350}, "duration", "between 1 and 300, got 1000", "wrong_type"),
    ({"tempo": 59}, "tempo", "must be a number between 60 and 200, got 59", "out_of_range"),
    ({"tempo": 201}, "tempo", "must be a number between 60 and 200, got 201", "out_of_range"),
    ({"tempo": "fast"}, "tempo", 'got "fast"', "wrong_type"),
    ({"tempo": [120]}, "tempo", "got [120]", "wrong_type"),
    ({"key": "H minor"}, "key", "must be a key such as 'A minor'", "invalid_value"),
    ({"key": "x" * 10_000}, "key", 'got "' + "x" * 36 + "...", "too_long"),
    ({"key": "A" + " " * 11 + "minor"}, "key", "must be text of at most 16 characters", "too_long"),
    ({"seed": -1}, "seed", "must be a whole number between 0 and 9007199254740991, got -1", "out_of_range"),
    ({"seed": 2**53}, "seed", "got 9007199254740992", "out_of_range"),
    ({"seed": 1.5}, "seed", "got 1.5", "wrong_type"),
    ({"seed": "1"}, "seed", 'got "1"', "wrong_type"),
    ({"tempoo": 90}, "tempoo", "is not a field; did you mean 'tempo'?; the fields are style, ", "unknown_field"),
    ({"x" * 900: 1}, "x" * 37 + "...", "is not a field; the fields are", "unknown_field"),
    ({"\x00\n": 1}, "\x00\n", "is not a field", "unknown_field"),
]


def refused(response, status):
    """The problem document of a refusal, after what is true for all of them."""
    assert response.status_code == status
    assert response.content_type == "application/problem+json"
    problem = response.get_json()
    assert problem["status"] == status and problem["success"] is False
    assert problem["error"] == problem["detail"] and problem["instance"] == "/api/generate"
    assert problem["request_id"] == response.headers["X-Request-ID"]
    assert problem["type"].startswith("urn:aimusic:problem:") and problem["title"]
    assert "pydantic" not in response.text and "Traceback" not in response.text
    return problem


@pytest.mark.parametrize(("body", "field", "sentence", "code"), BAD_FIELDS, ids=lambda value: str(value)[:30])
def test_a_wrong_field_is_named_with_what_is_allowed(client, body, field, sentence, code):
    problem = refused(client.post("/api/generate", json=body), 422)
    (error,) = problem["errors"]
    assert error["pointer"] == f"#/{field}" and error["code"] == code
    assert sentence in error["detail"] and len(error["detail"]) < 220
    assert problem["error"] == f"{field}: {error['detail']}"


def test_infinite_literals_are_refused_by_their_field(client):
    """1e999 is JSON, but no number we could use."""
    for text in ("1e999", "-1e999", "NaN", "-Infinity"):
        body = f'{{"tempo": {text}}}'
        problem = refused(client.post("/api/generate", data=body, content_type="application/json"), 422)
        assert problem["errors"][0]["pointer"] == "#/tempo"


def test_several_faults_are_told_at_once_and_at_most_ten(client):
    problem = refused(client.post("/api/generate", json={"duration": 0, "tempo": 1, "style": "?"}), 422)
    assert {error["pointer"] for error in problem["errors"]} == {"#/duration", "#/tempo", "#/style"}
    many = refused(client.post("/api/generate", json={f"field{n}": n for n in range(100)}), 422)
    assert len(many["errors"]) == 10


@pytest.mark.parametrize(
    ("body", "content_type", "status", "sentence"),
    [
        (b"not json", "application/json", 400, "not JSON"),
        (b"[]", "application/json", 400, "must be a JSON object"),
        (b"{}", "text/plain", 415, "'Content-Type: application/json', got 'text/plain'"),
        (b"{}", None, 415, "got 'no Content-Type'"),
        (b"duration=30", "application/x-www-form-urlencoded", 415, "application/x-www-form-urlencoded"),
        (b"{}" + b" " * 70_000, "application/json", 413, "at most 65536 bytes"),
    ],
)
def test_a_wrong_body_is_refused(client, body, content_type, status, sentence):
    assert sentence in refused(client.post("/api/generate", data=body, content_type=content_type), status)["error"]


def test_empty_bodies_are_requests_for_the_defaults(client):
    for body, content_type in ((b"", None), (b"  \n", "text/plain"), (b"{}", "application/json; charset=utf-8")):
        response = client.post("/api/generate", data=body, content_type=content_type)
        assert response.status_code == 200
        assert response.get_json()["request"]["duration"] == Request().duration


field_names = st.sampled_from([*Request.model_fields, "Style", "tempo ", "", "~/", "🎵"])
field_values = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**20), 10**20),
    st.floats(),
    st.text(max_size=20),
    st.sampled_from([*load_styles(), "A minor", "F#m", "Cb"]),
    st.lists(st.integers(), max_size=2),
)


@given(st.dictionaries(field_names, field_values, max_size=4))
@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_object_is_answered_by_music_or_by_a_refusal(client, body):
    """What the request model accepts is made; all else is a 422 that names a field of the body."""
    if isinstance(body.get("seed"), int) and not isinstance(body["seed"], bool):
        body["seed"] %= 900  # larger seeds have a meaning for the worker of these tests
    response = client.post("/api/generate", data=json.dumps(body), content_type="application/json")
    if response.status_code == 200:
        asked = Request(**{name: value for name, value in body.items() if name in ("duration", "bars")})
        assert response.get_json()["request"]["duration"] == asked.duration
    else:
        pointers = {error["pointer"] for error in refused(response, 422)["errors"]}
        assert pointers <= {"#/" + name.replace("~", "~0").replace("/", "~1") for name in body}
