"""Figures and log lines tell machines what happens."""

import io
import json
import logging

import pytest
from prometheus_client.parser import text_string_to_metric_families

from aimusic.service.logs import JsonGunicorn, JsonLines, about, start_log
from aimusic.service.server import options
from tests.fake_worker import BROKEN
from tests.test_service_generate import ask, desk


def figures(app):
    """Each sample of /metrics by its name and labels."""
    answer = app.test_client().get("/metrics")
    assert answer.mimetype == "text/plain"
    families = text_string_to_metric_families(answer.text)
    return {(s.name, *sorted(s.labels.values())): s.value for family in families for s in family.samples}


@pytest.fixture
def app(start_app):
    return start_app()


def test_answers_are_counted_by_what_was_asked(app):
    for n in range(3):
        ask(app, seed=61 + n % 2)
    ask(app, tempo=1)
    told = figures(app)
    assert told["aimusic_answers_total", "/api/generate", "200", "POST"] == 3
    assert told["aimusic_answers_total", "/api/generate", "422", "POST"] == 1
    assert told["aimusic_answer_seconds_count", "/api/generate"] == 4
    assert told["aimusic_pieces",] == 2 and told["aimusic_jobs", "succeeded"] == 2
    assert told["aimusic_library_bytes",] == desk(app).records.library.total_bytes() > 0
    assert told["aimusic_database_up",] == 1 and sum(told["aimusic_workers", s] for s in ("ready", "busy")) == 1


def test_failed_jobs_are_counted(app):
    ask(app, seed=BROKEN + 61)
    assert figures(app)["aimusic_jobs", "failed"] == 1


def test_callers_cannot_make_labels(app):
    for n in range(20):
        app.test_client().open(f"/invented/{n}", method=f"M{n}")
    names = [name for name in figures(app) if name[0] == "aimusic_answers_total"]
    assert names == [("aimusic_answers_total", "404", "none", "other")]


def test_figures_are_there_without_the_database(app):
    figures(app)
    with desk(app).records.database.write() as connection:
        connection.exec_driver_sql("ALTER TABLE pieces RENAME TO elsewhere")
    told = figures(app)
    assert told["aimusic_database_up",] == 0 and ("aimusic_pieces",) not in told


@pytest.fixture
def lines():
    """A logger that writes JSON lines, and what it wrote."""
    stream, log = io.StringIO(), logging.getLogger("tests.lines")
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLines())
    log.addHandler(handler)
    yield log, lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    log.removeHandler(handler)


def test_a_line_is_one_json_object_whatever_it_says(lines):
    log, written = lines
    log.warning("a\nline %s", "\x1b[31m é")
    try:
        raise KeyError("x")
    except KeyError:
        log.exception("broken")
    first, second = written()
    assert (
        first["message"] == "a\nline \x1b[31m é" and first["level"] == "WARNING" and first["time"][-6:] == "+00:00"
    )
    assert "KeyError" in second["traceback"]


def test_a_line_says_what_it_is_about(lines):
    log, written = lines
    token = about.set({"job_id": "j1"})
    log.warning("x", extra={"status": 200, "secret": "no"})
    about.reset(token)
    log.warning("y")
    first, second = written()
    assert first["job_id"] == "j1" and first["status"] == 200 and "secret" not in first
    assert "job_id" not in second


def test_the_line_of_a_request_has_its_parts(client, caplog):
    caplog.set_level(logging.INFO)
    client.get("/health/live", headers={"X-Request-ID": "r-7"})
    record = next(record for record in caplog.records if record.name == "aimusic.service.app")
    assert (record.method, record.path, record.status) == ("GET", "/health/live", 200) and record.duration_ms >= 0
    assert "request_id=r-7" in record.getMessage()


def test_the_format_of_the_log_is_a_setting(make_settings, monkeypatch):
    made = {}
    monkeypatch.setattr(logging, "basicConfig", lambda **given: made.update(given))
    for name, is_json in (("text", False), ("json", True)):
        start_log(make_settings(log_format=name))
        assert isinstance(made["handlers"][0].formatter, JsonLines) == is_json
        assert (options(make_settings(log_format=name))["logger_class"] is JsonGunicorn) == is_json
