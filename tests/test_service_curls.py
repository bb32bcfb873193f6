"""The calls of the documentation and the streams of events, against the real gunicorn."""

import json
import re
import subprocess
import time
from pathlib import Path

import pytest

from tests.fake_worker import STAGED, STUCK
from tests.test_service_server import Running

PAGE = (Path(__file__).parents[1] / "docs" / "api.md").read_text(encoding="utf-8")
CALLS = [block for block in re.findall(r"```bash\n(.+?)```", PAGE, re.DOTALL) if "curl" in block]


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    running = Running(tmp_path_factory.mktemp("server"), AIMUSIC_STOP_GRACE_S="1", AIMUSIC_STREAM_LIMIT="1")
    yield running
    assert running.stop() == 0


def begin(server, seed):
    answer = server.http.post("/api/v1/pieces", json={"seed": seed}, headers={"Prefer": "respond-async"})
    return answer.json()


@pytest.mark.parametrize("call", CALLS, ids=lambda call: re.search(r"/api/\S+", call)[0])
@pytest.mark.slow
def test_every_call_of_the_page_works(server, call):
    call = call.replace("localhost:5001", f"127.0.0.1:{server.port}").replace(
        "curl ", "curl -sS --fail-with-body "
    )
    job = begin(server, STAGED + len(call))["id"]
    done = subprocess.run(
        ["bash", "-c", call], env={"ID": job, "PATH": "/usr/bin:/bin"}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    if "events" in call:
        assert "event: succeeded" in done.stdout
    else:
        assert json.loads(done.stdout)["request"]["duration"] == 30


def test_events_arrive_when_they_happen(server):
    """Nothing between the worker and the caller gathers them up."""
    job, came = begin(server, STAGED + 2), []
    with server.http.stream("GET", job["links"]["events"]) as answer:
        for line in answer.iter_lines():
            if line.startswith("data:"):
                came.append((time.time(), json.loads(line[5:])))
    first, last = came[0], came[-1]
    assert last[1]["status"] == "succeeded" and first[0] < last[0] - 0.1


@pytest.mark.slow
def test_who_quits_a_stream_gives_its_place_back(server):
    job = begin(server, STUCK + 9)
    with server.http.stream("GET", job["links"]["events"]) as answer:
        assert answer.status_code == 200
        assert server.http.get(job["links"]["events"]).status_code == 503
    server.http.delete(job["links"]["self"])
    other = begin(server, STUCK + 10)

    def is_free():
        with server.http.stream("GET", other["links"]["events"]) as answer:
            return answer.status_code == 200

    server.until(is_free, 15)
    server.http.delete(other["links"]["self"])


@pytest.mark.slow
def test_a_stopping_service_ends_its_streams(tmp_path):
    server = Running(tmp_path, AIMUSIC_STOP_GRACE_S="6")
    job = begin(server, STUCK + 11)
    with server.http.stream("GET", job["links"]["events"]) as answer:
        parts = answer.iter_bytes()
        next(parts)
        server.process.terminate()
        started = time.monotonic()
        list(parts)
        assert server.process.wait(30) == 0 and time.monotonic() - started < 8
    server.http.close()
    server.records.close()
