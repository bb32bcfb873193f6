"""An order is answered with its piece, once for all who ask the same, whatever happens to the workers."""

import os
import re
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from aimusic.music.request import Request
from tests.fake_worker import BROKEN, DEADLY, REFUSED, SLOW, STUCK


def ask(app, **wishes):
    return app.test_client().post("/api/generate", json=wishes)


def desk(app):
    return app.extensions["desk"]


def attempts(app, seed):
    return len(list(desk(app).settings.data_dir.glob(f"attempt-{seed}-*")))


def until(true, seconds=5.0):
    """Wait for something that must become true soon."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)


def test_the_answer_tells_all_about_the_piece(service):
    response = ask(service, style="jazz", duration=12, tempo=120.5, seed=7)
    piece = response.get_json()
    assert response.status_code == 200 and piece["success"] is True
    assert re.fullmatch(r"jazz_[0-9a-f]{24}\.wav", piece["filename"])
    assert piece["download_url"] == "/api/download/" + piece["filename"]
    assert piece["midi_url"] == piece["download_url"].replace(".wav", ".mid")
    assert (piece["style"], piece["duration"], piece["tempo"], piece["seed"]) == ("jazz", 12, 120.5, 7)
    wishes = {"style": "jazz", "duration": 12, "tempo": 120.5, "key": "A minor", "seed": 7}
    assert piece["request"] == Request(**wishes).model_dump(mode="json")
    told = {"message", "key", "bars", "time_signature", "chords", "sections", "sample_rate", "channels"}
    assert told | {"size_bytes", "sha256", "generation_seconds"} <= piece.keys()


def test_what_is_absent_is_filled_in(service):
    piece = ask(service, style="rock").get_json()
    assert piece["tempo"] == 124 and piece["duration"] == 30
    assert 0 <= piece["seed"] <= 2**53 - 1 and piece["request"]["seed"] == piece["seed"]


def test_two_calls_without_a_seed_are_two_pieces(service):
    first, second = ask(service).get_json(), ask(service).get_json()
    assert first["seed"] != second["seed"] and first["filename"] != second["filename"]


def test_the_same_wishes_are_the_same_file_however_they_are_written(service):
    """Defaults written out, 30 for 30.0 and `Am` for `A minor` do not change what is asked."""
    long = ask(service, style="classical", duration=30, tempo=96, seed=11, key="Am").get_json()
    short = ask(service, seed=11, key="A minor", duration=30.0).get_json()
    assert long == short and attempts(service, 11) == 1


@pytest.mark.parametrize(
    "change", [{"seed": 13}, {"tempo": 97}, {"duration": 31}, {"style": "jazz"}, {"key": "Em"}]
)
def test_any_other_wish_is_another_file(service, change):
    wishes = {"seed": 12, "tempo": 96, "duration": 30, "style": "classical", "key": "Am"}
    assert ask(service, **wishes).get_json()["filename"] != ask(service, **wishes | change).get_json()["filename"]


def test_a_piece_whose_file_is_gone_is_made_again(service):
    first = ask(service, seed=14).get_json()
    (desk(service).records.storage.pieces / first["filename"]).unlink()
    assert service.test_client().get(first["download_url"]).status_code == 404
    assert ask(service, seed=14).get_json()["sha256"] == first["sha256"]
    with service.test_client().get(first["download_url"]) as download:
        assert download.status_code == 200


def test_a_hundred_equal_requests_at_once_are_one_computation(service):
    with ThreadPoolExecutor(100) as pool:
        answers = list(pool.map(lambda _: ask(service, seed=SLOW).get_json(), range(100)))
    assert all(answer == answers[0] and answer["success"] for answer in answers)
    assert attempts(service, SLOW) == 1


def test_health_answers_at_once_while_every_worker_is_busy(start_app):
    app = start_app()
    ask(app, seed=1)
    caller = threading.Thread(target=ask, args=(app,), kwargs={"seed": SLOW})
    caller.start()
    until(lambda: attempts(app, SLOW))
    for path in ("/health/live", "/health", "/health/ready"):
        started = time.perf_counter()
        answer = app.test_client().get(path)
        assert time.perf_counter() - started < 0.25 and answer.is_json
    assert "1 run" in answer.get_json()["checks"]["database"]["detail"]
    caller.join()


def test_a_worker_killed_in_its_work_is_replaced_and_the_caller_gets_the_piece(start_app):
    app = start_app()
    desk(app).open()
    with ThreadPoolExecutor() as pool:
        answer = pool.submit(ask, app, seed=STUCK)
        until(lambda: attempts(app, STUCK))
        (worker,) = desk(app).records.roster.alive()
        os.kill(worker.pid, signal.SIGKILL)
        assert answer.result(10).status_code == 200
    assert attempts(app, STUCK) == 2


@pytest.mark.slow
def test_a_worker_told_to_stop_gives_its_job_back(start_app):
    app = start_app()
    desk(app).open()
    with ThreadPoolExecutor() as pool:
        answer = pool.submit(ask, app, seed=SLOW + 1)
        until(lambda: attempts(app, SLOW + 1))
        os.kill(desk(app).records.roster.alive()[0].pid, signal.SIGTERM)
        assert answer.result(10).status_code == 200
    assert attempts(app, SLOW + 1) == 2


@pytest.mark.slow
def test_a_job_that_kills_its_workers_is_given_up_after_three_attempts(start_app):
    app = start_app()
    response = ask(app, seed=DEADLY)
    assert response.status_code == 500 and "ended 3 times" in response.get_json()["error"]
    assert attempts(app, DEADLY) == 3
    assert ask(app, seed=1).status_code == 200


def test_an_unexpected_error_is_tried_three_times_and_told_without_details(service):
    response = ask(service, seed=BROKEN)
    assert response.status_code == 500 and attempts(service, BROKEN) == 3
    assert response.get_json()["title"] == "Generation failed"
    assert "ZeroDivisionError" not in response.text and "string broke" not in response.text


def test_an_error_of_ours_reaches_the_caller_as_it_is(service):
    response = ask(service, seed=REFUSED)
    assert response.status_code == 422 and attempts(service, REFUSED) == 1
    assert response.get_json()["errors"][0]["pointer"] == "#/duration"


@pytest.mark.slow
def test_a_job_that_takes_too_long_is_taken_from_its_worker(start_app):
    app = start_app(job_limit_s=1.0)
    assert ask(app, seed=STUCK + 1).status_code == 200
    assert attempts(app, STUCK + 1) == 2


def test_who_waits_too_long_is_told_to_ask_again_and_then_gets_the_piece(start_app):
    app = start_app(sync_deadline_s=0.3)
    until(lambda: ask(app, seed=1).status_code == 200)
    response = ask(app, seed=SLOW + 2)
    assert response.status_code == 503 and int(response.headers["Retry-After"]) > 0
    wishes = response.get_json()["request"]
    assert wishes["seed"] == SLOW + 2 and wishes["tempo"] == 96
    until(lambda: ask(app, **wishes).status_code == 200)
    assert attempts(app, SLOW + 2) == 1


def test_beyond_the_bound_of_the_queue_callers_are_sent_away_at_once(start_app):
    app = start_app(queue_limit=2)
    ask(app, seed=1)
    with ThreadPoolExecutor(8) as pool:
        running = pool.submit(ask, app, seed=SLOW + 3)
        until(lambda: attempts(app, SLOW + 3))
        answers = list(pool.map(lambda seed: ask(app, seed=seed), range(20, 27)))
        assert running.result().status_code == 200
    refused = [answer for answer in answers if answer.status_code == 503]
    assert len(refused) == 5 and all(int(answer.headers["Retry-After"]) >= 1 for answer in refused)
    assert "2 pieces are waiting already" in refused[0].get_json()["error"]
    assert sum(answer.status_code == 200 for answer in answers) == 2


def test_no_more_callers_wait_than_allowed(start_app):
    app = start_app(waiting_limit=1)
    ask(app, seed=1)
    with ThreadPoolExecutor() as pool:
        first = pool.submit(ask, app, seed=SLOW + 4)
        until(lambda: attempts(app, SLOW + 4))
        assert ask(app, seed=SLOW + 4).status_code == 503
        assert ask(app, seed=1).status_code == 200  # from the library, without waiting
        assert first.result().status_code == 200


def test_without_room_on_the_disk_nothing_is_begun(start_app):
    app = start_app(min_free_mb=10**9)
    response = ask(app, seed=1)
    assert response.status_code == 507 and "MB of disk are free" in response.get_json()["error"]
    assert app.test_client().get("/health").status_code == 503


def test_a_data_directory_that_cannot_be_made_is_told_and_tried_again(start_app, tmp_path):
    """The service recovers without a restart."""
    (tmp_path / "data").write_text("in the way")
    app = start_app()
    assert ask(app, seed=1).status_code == 503
    assert app.test_client().get("/health").status_code == 503
    (tmp_path / "data").unlink()
    assert ask(app, seed=1).status_code == 200


def test_a_damaged_database_is_found_at_the_start(start_app, tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "aimusic.db").write_bytes(b"no database at all" * 500)
    response = ask(start_app(), seed=1)
    assert response.status_code == 503 and "Traceback" not in response.text
