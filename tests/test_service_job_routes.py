"""`/api/v1/jobs`: jobs are told, listed, followed and cancelled."""

import json
import re
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from aimusic.errors import Unavailable
from aimusic.service.events import Streams
from tests.fake_worker import BROKEN, SLOW, STAGED, STUCK
from tests.test_service_generate import ask, attempts, desk, until

HERE = "/api/v1/jobs"


def begin(client, **wishes):
    answer = client.post("/api/v1/pieces", json=wishes, headers={"Prefer": "respond-async"})
    assert answer.status_code == 202
    return answer.get_json()


def finished(client, job):
    until(lambda: client.get(job["links"]["self"]).get_json()["finished_at"])
    return client.get(job["links"]["self"]).get_json()


def told(stream):
    """The events of a stream as (id, name, job)."""
    events = re.findall(r"id: (.+)\nevent: (.+)\ndata: (.+)\n\n", stream)
    return [(name, event, json.loads(data)) for name, event, data in events]


def test_a_job_leads_to_its_piece(client):
    job = finished(client, begin(client, seed=31))
    assert job["status"] == "succeeded" and job["progress"] == 1.0 and job["stage"] is None
    assert job["created_at"] <= job["started_at"] <= job["finished_at"] and job["attempts"] == 1
    piece = client.get(job["result"]["url"]).get_json()
    assert piece["id"] == job["result"]["piece_id"] and piece["seed"] == job["request"]["seed"] == 31


def test_a_job_that_failed_says_why(client):
    job = finished(client, begin(client, seed=BROKEN + 31))
    assert job["status"] == "failed" and job["result"] is None and job["attempts"] == 3
    assert job["error"]["status"] == 500 and job["error"]["title"] == "Generation failed"


@pytest.mark.slow
def test_a_waiting_job_knows_its_place(start_app):
    client = start_app().test_client()
    running = begin(client, seed=STUCK)
    until(lambda: client.get(running["links"]["self"]).get_json()["status"] == "running")
    waiting = [begin(client, seed=n) for n in range(3)]
    places = [client.get(job["links"]["self"]).get_json()["queue_position"] for job in [running, *waiting]]
    assert places == [None, 1, 2, 3]
    client.delete(waiting[0]["links"]["self"])
    assert client.get(waiting[2]["links"]["self"]).get_json()["queue_position"] == 2


def test_jobs_are_listed_page_by_page(start_app):
    client = start_app().test_client()
    jobs = [finished(client, begin(client, seed=n)) for n in range(5)]
    first = client.get(f"{HERE}?limit=3")
    second = client.get(re.match("<(.+)>", first.headers["Link"])[1])
    listed = first.get_json()["items"] + second.get_json()["items"]
    assert [job["id"] for job in listed] == [job["id"] for job in reversed(jobs)]
    assert second.get_json()["next_cursor"] is None and "Link" not in second.headers
    assert client.get(f"{HERE}?status=failed").get_json()["items"] == []


@pytest.mark.parametrize("query", ["limit=0", "cursor=eA==", "status=done"])
def test_a_wrong_question_is_named(client, query):
    answer = client.get(f"{HERE}?{query}")
    assert answer.status_code == 422
    assert answer.get_json()["errors"][0]["pointer"] == "?" + query.split("=")[0]


@pytest.mark.parametrize("path", ["/none", "/none/events"])
def test_a_job_that_is_none_is_not_found(client, path):
    assert client.get(HERE + path).status_code == 404 == client.delete(HERE + "/none").status_code


def test_a_waiting_job_is_cancelled_at_once_and_never_begun(start_app):
    app = start_app()
    client = app.test_client()
    begin(client, seed=SLOW)
    job = begin(client, seed=SLOW + 1)
    cancelled = client.delete(job["links"]["self"]).get_json()
    assert cancelled["status"] == "cancelled" and cancelled["error"]["title"] == "Cancelled"
    assert cancelled["queue_position"] is None
    ask(app, seed=1)
    assert attempts(app, SLOW + 1) == 0


def test_a_running_job_ends_at_its_next_stage(start_app):
    app = start_app()
    client = app.test_client()
    job = begin(client, seed=SLOW + 2)
    until(lambda: attempts(app, SLOW + 2))
    assert client.delete(job["links"]["self"]).get_json()["status"] == "cancelled"
    (worker,) = desk(app).records.roster.alive()
    ask(app, seed=2)
    assert desk(app).records.library.find(desk(app).records.jobs.find([job["id"]])[job["id"]].piece_id) is None
    assert [member.name for member in desk(app).records.roster.alive()] == [worker.name], "the worker lives on"


@pytest.mark.slow
def test_a_worker_in_an_endless_stage_is_replaced(start_app):
    app = start_app()
    client = app.test_client()
    job = begin(client, seed=STUCK + 2)
    until(lambda: attempts(app, STUCK + 2))
    client.delete(job["links"]["self"])
    started = time.monotonic()
    assert ask(app, seed=3).status_code == 200
    assert time.monotonic() - started < 6
    assert client.get(job["links"]["self"]).get_json()["status"] == "cancelled" and attempts(app, STUCK + 2) == 1


@pytest.mark.slow
def test_who_waits_for_a_cancelled_job_is_told(start_app):
    app = start_app()
    with ThreadPoolExecutor() as pool:
        answer = pool.submit(ask, app, seed=STUCK + 3)
        until(lambda: attempts(app, STUCK + 3))
        (job,) = app.test_client().get(HERE).get_json()["items"]
        app.test_client().delete(job["links"]["self"])
        assert answer.result(2).status_code == 409
    assert answer.result().get_json()["success"] is False


def test_a_job_that_is_over_cannot_be_cancelled(client):
    job = finished(client, begin(client, seed=32))
    assert client.delete(job["links"]["self"]).get_json() == job


def test_a_stream_tells_every_stage_in_order_and_ends_with_the_job(client):
    job = begin(client, seed=STAGED)
    with client.get(job["links"]["events"]) as answer:
        assert answer.mimetype == "text/event-stream" and answer.headers["X-Accel-Buffering"] == "no"
        events = told(answer.text)
    stages = [event["stage"] for _, _, event in events if event["stage"]]
    assert (
        stages == sorted(stages, key=["compose", "arrange", "render", "mix", "encode"].index) and len(stages) > 1
    )
    progress = [event["progress"] for _, _, event in events]
    assert progress == sorted(progress) and len({name for name, _, _ in events}) == len(events)
    assert events[-1][1] == "succeeded" and events[-1][2] == client.get(job["links"]["self"]).get_json()


def test_who_comes_back_hears_what_was_missed_and_then_no_more(client):
    job = begin(client, seed=33)
    finished(client, job)
    with client.get(job["links"]["events"], headers={"Last-Event-ID": "1-running-compose"}) as answer:
        ((last_id, name, _),) = told(answer.text)
    assert name == "succeeded"
    assert client.get(job["links"]["events"], headers={"Last-Event-ID": last_id}).status_code == 204


def test_streams_are_bounded_and_a_left_place_is_free_again(start_app):
    client = start_app(stream_limit=2).test_client()
    job = begin(client, seed=STUCK + 4)
    open_streams = [client.get(job["links"]["events"]) for _ in range(2)]
    refused = client.get(job["links"]["events"])
    assert refused.status_code == 503 and "Retry-After" in refused.headers
    open_streams[0].close()
    with client.get(job["links"]["events"]) as again:
        assert again.status_code == 200
    open_streams[1].close()


def test_a_place_can_be_left_once_only():
    streams = Streams(1)
    leave = streams.open()
    leave()
    leave()
    streams.open()
    with pytest.raises(Unavailable, match="1 callers"):
        streams.open()


def test_a_quiet_stream_beats_and_a_stopping_service_ends_it(records):
    from aimusic.service.routes.jobs import look

    job = records.jobs.submit("p", {"style": "s", "duration": 2.0, "tempo": 96.0, "key": None, "seed": 1})
    streams = Streams(1)
    threading.Timer(0.5, streams.stop).start()
    heard = list(streams.follow(lambda: look(records, job.id), None, heartbeat_s=0.15))
    assert heard[0].startswith("retry:") and heard[1].startswith("id: 0-queued-1\n")
    assert set(heard[2:]) == {": still here\n\n"}
