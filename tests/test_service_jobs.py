"""The jobs table: every job is in one state, held by one worker, tried a bounded number of times."""

import threading
import time
from dataclasses import replace

import pytest

from aimusic.errors import FieldError, InvalidRequest, Unavailable
from aimusic.service.database import Database
from aimusic.service.jobs import Jobs
from aimusic.service.library import Piece
from aimusic.service.storage import StoredFile
from aimusic.service.waiting import Watcher
from aimusic.service.worker import GiveBack, Made, Worker
from tests.fake_worker import facts

PROBLEM = {"status": 500, "title": "Generation failed", "detail": "a string broke"}
REQUEST = {"style": "classical", "duration": 2.0, "tempo": 96.0, "key": None, "seed": 1}


@pytest.fixture
def jobs(records):
    return records.jobs


def now(jobs, job):
    return jobs.find([job.id])[job.id]


def a_piece(name="p1"):
    files = (StoredFile(f"classical_{name}.{end}", 9, "0" * 64) for end in ("wav", "mid"))
    return Piece(name, "classical", *files, {"key": "C major"}, 0.5, time.time())


def test_jobs_are_claimed_in_the_order_in_which_they_came(jobs):
    submitted = [jobs.submit(f"p{n}", REQUEST) for n in range(3)]
    assert [jobs.claim("w").id for _ in range(3)] == [job.id for job in submitted]
    assert jobs.claim("w") is None


def test_the_same_piece_is_one_job_while_it_is_active(jobs):
    first = jobs.submit("p", REQUEST)
    assert jobs.submit("p", REQUEST).id == first.id
    held = jobs.claim("w")
    assert jobs.submit("p", REQUEST).id == first.id
    jobs.fail(held, PROBLEM)
    assert jobs.submit("p", REQUEST).id != first.id


def test_eight_claimers_at_once_never_share_a_job(jobs):
    for n in range(24):
        jobs.submit(f"p{n}", REQUEST)
    claimed = []
    start = threading.Barrier(8)

    def work(name):
        start.wait()
        while job := jobs.claim(name):
            claimed.append(job.id)

    threads = [threading.Thread(target=work, args=(f"w{n}",)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(claimed) == 24 == len(set(claimed))


def test_a_running_job_tells_its_stage(jobs):
    jobs.submit("p", REQUEST)
    held = jobs.claim("w")
    shares = []
    for stage in ("compose", "arrange", "render", "mix", "encode"):
        jobs.advance(held, stage)
        assert now(jobs, held).stage == stage
        shares.append(now(jobs, held).progress)
    assert shares == sorted(shares) and shares[0] > 0 and shares[-1] < 1


def test_success_records_piece_and_job_together(records):
    records.jobs.submit("p1", REQUEST)
    held = records.jobs.claim("w")
    records.jobs.succeed(held, a_piece())
    job = now(records.jobs, held)
    assert (job.status, job.progress) == ("succeeded", 1.0) and job.is_over and job.finished_at >= job.started_at


def test_an_expired_lease_is_taken_back_and_its_old_holder_has_no_say(records):
    short = replace(records.jobs, lease_s=0.02)
    short.submit("p", REQUEST)
    lost = short.claim("slow")
    assert short.reclaim() == []
    time.sleep(0.03)
    assert [job.id for job in short.reclaim()] == [lost.id]
    held = short.claim("quick")
    assert held.attempts == 2
    short.fail(lost, PROBLEM)
    short.give_back(lost)
    short.advance(lost, "mix")
    assert now(short, held) == held


def test_a_renewed_lease_is_not_taken(records):
    short = replace(records.jobs, lease_s=0.05)
    short.submit("p", REQUEST)
    short.claim("w")
    for _ in range(4):
        time.sleep(0.02)
        short.renew("w")
    assert short.reclaim() == []


def test_the_jobs_of_a_dead_worker_return_at_once_and_others_keep_theirs(jobs):
    mine, other = jobs.submit("p1", REQUEST), jobs.submit("p2", REQUEST)
    jobs.claim("dead")
    jobs.claim("alive")
    assert [job.id for job in jobs.reclaim("dead")] == [mine.id]
    assert now(jobs, mine).status == "queued" and now(jobs, other).status == "running"


def test_a_job_is_given_up_after_exactly_three_attempts(jobs):
    job = jobs.submit("p", REQUEST)
    for attempt in (1, 2, 3):
        assert jobs.claim("w").attempts == attempt
        jobs.reclaim("w")
    over = now(jobs, job)
    assert over.status == "failed" and "ended 3 times" in over.problem["detail"] and jobs.claim("w") is None


def test_a_job_given_back_has_not_been_tried(jobs):
    jobs.submit("p", REQUEST)
    for _ in range(5):
        jobs.give_back(jobs.claim("w"))
    assert jobs.claim("w").attempts == 1


def test_the_queue_has_a_bound_and_says_how_long_to_wait(records):
    jobs = replace(records.jobs, queue_limit=3)
    jobs.submit("p1", REQUEST)
    jobs.succeed(jobs.claim("w"), replace(a_piece(), generation_s=20.0))
    for n in range(3):
        jobs.submit(f"q{n}", REQUEST)
    with pytest.raises(Unavailable, match="3 pieces are waiting already") as refusal:
        jobs.submit("q3", REQUEST)
    assert refusal.value.retry_after_s == 61
    assert jobs.submit("q1", REQUEST).status == "queued"


def test_old_records_are_forgotten_and_active_jobs_are_not(jobs):
    done = jobs.submit("p1", REQUEST)
    jobs.fail(jobs.claim("w"), PROBLEM)
    waiting = jobs.submit("p2", REQUEST)
    jobs.forget(3600)
    assert jobs.find([done.id])
    jobs.forget(-1)
    assert not jobs.find([done.id]) and jobs.find([waiting.id])


def test_a_database_of_another_schema_is_refused(records):
    with records.database.write() as connection:
        connection.exec_driver_sql("PRAGMA user_version = 99")
    with pytest.raises(Unavailable, match="schema 99"):
        records.database.prepare()


def test_a_locked_database_is_an_error_and_not_a_hang(records, monkeypatch):
    monkeypatch.setattr("aimusic.service.database.LOCK_WAIT_S", 0.1)
    other = Database(records.database.path)
    with records.database.write(), pytest.raises(Exception, match="database is locked"), other.write():
        pass
    with records.database.write():
        assert Jobs(other, 3, 1, 1, 1).counts() == {"queued": 0, "running": 0}, "readers never wait"
    other.close()


def test_every_waiting_caller_gets_the_end_of_its_own_job(records):
    watcher = Watcher(records.jobs.find, limit=9, period_s=0.005)
    watcher.start()
    jobs = [records.jobs.submit(f"p{n}", REQUEST) for n in range(3)]
    got = {}
    threads = [
        threading.Thread(target=lambda job=job, n=n: got.__setitem__((job.id, n), watcher.wait(job.id, 5)))
        for job in jobs
        for n in range(2)
    ]
    for thread in threads:
        thread.start()
    for _ in jobs:
        records.jobs.fail(records.jobs.claim("w"), PROBLEM)
    for thread in threads:
        thread.join(5)
    assert len(got) == 6 and all(job.id == name and job.status == "failed" for (name, _), job in got.items())
    watcher.stop()


def test_a_stopping_watcher_sends_its_callers_away(records):
    watcher = Watcher(records.jobs.find, limit=9)
    watcher.start()
    job = records.jobs.submit("p", REQUEST)
    threading.Timer(0.05, watcher.stop).start()
    for _ in range(2):  # who waits, and who comes later
        with pytest.raises(Unavailable, match="stopping"):
            watcher.wait(job.id, 5)


class Player:
    """A maker that does what it is told."""

    def __init__(self, act):
        self.act = act

    def make(self, request, folder, progress):
        progress("compose")
        self.act()
        for name in ("a.wav", "a.mid"):
            (folder / name).write_bytes(b"sound")
        return Made(folder / "a.wav", folder / "a.mid", facts(request))


def raises(error):
    def act():
        raise error

    return act


@pytest.fixture
def worker(make_settings):
    made = Worker(make_settings(), "w", None)
    made.records.prepare()
    yield made
    made.records.close()


@pytest.mark.parametrize(
    ("act", "status", "code"),
    [
        (lambda: None, "succeeded", None),
        (raises(InvalidRequest(FieldError("#/key", "no", "no"))), "failed", 422),
        (raises(OSError(28, "No space left on device")), "failed", 507),
        (raises(ValueError("x")), "queued", None),
        (raises(MemoryError()), "queued", None),
        (raises(GiveBack()), "queued", None),
    ],
)
def test_whatever_a_maker_does_its_job_ends_in_a_recorded_state(worker, act, status, code):
    jobs = worker.records.jobs
    jobs.submit("p", REQUEST)
    job = jobs.claim("w")
    worker.work(job, Player(act))
    after = now(jobs, job)
    assert after.status == status and (after.problem or {}).get("status") == code
    assert list(worker.records.storage.tmp.iterdir()) == []
    assert (worker.records.library.find("p") is not None) == (status == "succeeded")


def test_a_piece_that_is_there_is_not_made_again(worker):
    jobs = worker.records.jobs
    for act in (lambda: None, raises(AssertionError("made twice"))):
        jobs.submit("p", REQUEST)
        job = jobs.claim("w")
        worker.work(job, Player(act))
        assert now(jobs, job).status == "succeeded"
