"""What is true for every answer: problem documents, headers, origins, request ids; and the front door."""

import json
import logging
import re
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError

from aimusic import __version__
from aimusic.music.request import Request
from aimusic.service.app import SECURITY_HEADERS, create_app
from aimusic.style import load_styles


@pytest.mark.parametrize(
    ("method", "path", "status", "allow"),
    [
        ("GET", "/nothing/here", 404, None),
        ("GET", "/api/generate", 405, {"POST", "OPTIONS"}),
        ("DELETE", "/api/styles", 405, {"GET", "HEAD", "OPTIONS"}),
        ("POST", "/health", 405, {"GET", "HEAD", "OPTIONS"}),
        ("GET", "/studio/none.js", 404, None),
        ("GET", "/studio/../app.py", 404, None),
        ("GET", "/api/generate/", 404, None),
        ("GET", "/%ff%00", 404, None),
    ],
)
def test_every_error_is_a_problem_document(client, method, path, status, allow):
    response = client.open(path, method=method)
    problem = response.get_json()
    assert response.status_code == status and response.content_type == "application/problem+json"
    assert {"type", "title", "status", "detail", "instance", "request_id", "success", "error"} <= problem.keys()
    assert response.headers["Cache-Control"] == "no-store"
    if allow:
        assert set(response.headers["Allow"].split(", ")) == allow


def test_an_unexpected_error_is_logged_with_its_traceback_and_told_without(make_settings, caplog):
    app = create_app(make_settings())

    @app.get("/broken")
    def broken():
        raise KeyError("a secret")

    response = app.test_client().get("/broken", headers={"X-Request-ID": "r-1"})
    assert response.status_code == 500 and response.content_type == "application/problem+json"
    assert "secret" not in response.text and "r-1" in response.get_json()["error"]
    assert "a secret" in caplog.text and "r-1" in caplog.text


@pytest.mark.parametrize(("words", "status"), [("database or disk is full", 507), ("database is locked", 503)])
def test_faults_of_the_database_are_told_as_what_they_are(make_settings, words, status):
    app = create_app(make_settings())

    @app.get("/broken")
    def broken():
        raise OperationalError("SELECT secrets", {}, Exception(words))

    response = app.test_client().get("/broken")
    assert response.status_code == status and "secrets" not in response.text
    assert ("Retry-After" in response.headers) == (status == 503)


@pytest.mark.parametrize("path", ["/", "/health/live", "/api/styles", "/nothing", "/studio/studio.js"])
def test_every_answer_carries_the_security_headers(client, path):
    with client.get(path) as response:
        for name, value in SECURITY_HEADERS.items():
            assert response.headers[name] == value
    assert "unsafe" not in SECURITY_HEADERS["Content-Security-Policy"]


def test_a_request_id_is_returned_or_made(client):
    assert client.get("/", headers={"X-Request-ID": "abc-1.2_3"}).headers["X-Request-ID"] == "abc-1.2_3"
    for bad in ("a b", "x" * 65, "<script>", "é", ""):
        made = client.get("/", headers={"X-Request-ID": bad}).headers["X-Request-ID"]
        assert re.fullmatch(r"[0-9a-f]{32}", made)


def test_nothing_a_caller_sends_breaks_a_log_line(client, caplog):
    caplog.set_level(logging.INFO)
    client.get("/a%0d%0aERROR%20forged%1b[31m", headers={"X-Request-ID": "x\tERROR forged"})
    assert caplog.records
    for record in caplog.records:
        assert record.getMessage().isprintable()


@pytest.mark.parametrize("origin", ["http://localhost:3000", "http://127.0.0.1:8080", "http://localhost"])
def test_pages_of_this_machine_may_call(client, origin):
    response = client.post("/api/generate", json={"tempo": 1}, headers={"Origin": origin})
    assert response.headers["Access-Control-Allow-Origin"] == origin
    assert "Retry-After" in response.headers["Access-Control-Expose-Headers"]
    asked = {
        "Origin": origin,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type",
    }
    preflight = client.options("/api/generate", headers=asked)
    assert preflight.status_code == 200 and "POST" in preflight.headers["Access-Control-Allow-Methods"]
    assert preflight.headers["Access-Control-Allow-Headers"] == "content-type"


@pytest.mark.parametrize(
    "origin",
    [
        "http://evil.example",
        "http://localhost.evil.example",
        "https://localhost:3000",
        "null",
        "http://localhost:1@x",
    ],
)
def test_other_pages_may_not(client, origin):
    response = client.get("/api/styles", headers={"Origin": origin})
    assert "Access-Control-Allow-Origin" not in response.headers


def test_the_origins_are_a_setting(make_settings):
    client = create_app(make_settings(cors_origins=("https://music.example",))).test_client()
    allowed = client.get("/", headers={"Origin": "https://music.example"})
    assert allowed.headers["Access-Control-Allow-Origin"] == "https://music.example"
    assert "Access-Control-Allow-Origin" not in client.get("/", headers={"Origin": "http://localhost"}).headers


def test_programs_get_json_at_the_front_door(client):
    for accept in ("*/*", "application/json", None):
        answer = client.get("/", headers={"Accept": accept} if accept else {}).get_json()
        assert answer["status"] == "running" and answer["version"] == __version__
        assert answer["message"] and answer["features"] and answer["styles"] == list(load_styles())


def test_browsers_get_the_page_and_all_it_names(client):
    accept = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
    with client.get("/", headers={"Accept": accept}) as response:
        page = response.text
        assert response.mimetype == "text/html" and "Accept" in response.headers["Vary"]
    assert not re.search(r"<script(?![^>]*\bsrc=)|\son\w+=|style=", page), "inline code is against the policy"
    named = re.findall(r'(?:src|href)="(/[^"]+)"', page)
    assert len(named) == 3
    for path in named:
        with client.get(path) as response:
            assert response.status_code == 200 and response.data


def test_the_page_asks_for_what_the_service_has(client):
    with client.get("/studio/studio.js") as response:
        called = set(re.findall(r'fetch\("([^"]+)"', response.text))
    assert called == {"/api/styles", "/api/generate"}


def test_styles_are_told_with_tempo_and_keys(client):
    styles = client.get("/api/styles").get_json()["styles"]
    assert [style["name"] for style in styles] == list(load_styles())
    for style in styles:
        assert style["description"] and style["keys"] and style["instruments"]
        assert 60 <= style["tempo"]["low"] <= style["tempo"]["default"] <= style["tempo"]["high"] <= 200


def test_health_says_what_it_looked_at(client):
    client.post("/api/generate", json={"seed": 1})
    answer = client.get("/health")
    health = answer.get_json()
    assert health["device"] == "cpu" and health["audio_libs"] is True and health["ai_libs"] is True
    assert health["timestamp"].endswith("+00:00") and health["version"] == __version__
    ready = client.get("/health/ready").get_json()["checks"]
    assert set(ready) == {"database", "styles", "disk", "workers"}
    assert ready["database"]["ok"] and ready["disk"]["ok"] and ready["workers"]["ok"]


def test_the_web_process_loads_no_numeric_library(tmp_path):
    """Not even after a piece was made: music is made elsewhere."""
    program = f"""
import json, sys
from aimusic.service.app import create_app
from aimusic.settings import Settings
from tests.serve_fake import FAKE_WORKER
app = create_app(Settings(data_dir={str(tmp_path)!r}, workers=1, _env_file=None), FAKE_WORKER)
answer = app.test_client().post("/api/generate", json={{"seed": 1}})
app.test_client().get("/health")
app.extensions["desk"].close()
loaded = [name for name in ("torch", "numpy", "scipy", "soundfile", "librosa") if name in sys.modules]
print(json.dumps([answer.status_code, loaded]))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == [200, []]


def test_every_address_and_every_field_is_documented(service):
    page = (Path(__file__).parents[1] / "docs" / "api.md").read_text(encoding="utf-8")
    for rule in service.url_map.iter_rules():
        if not rule.rule.startswith("/studio") and rule.rule != "/favicon.ico":
            assert f"{rule.rule}`" in page, rule.rule
    for name, field in Request.model_fields.items():
        assert f"| `{name}` |" in page
        for limit in (
            getattr(limit, side) for limit in field.metadata for side in ("ge", "le") if hasattr(limit, side)
        ):
            assert str(limit) in page, f"{name}: {limit}"
