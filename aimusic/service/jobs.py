"""The jobs table is the truth about the work: who asked for what, who makes it, how it ended.

A worker leases a job and renews the lease while it lives. Leases count on the monotonic clock, which all
processes of one machine share and nobody can set; times shown to people are wall clock.
"""

import secrets
import time
from dataclasses import dataclass

from sqlalchemy import Connection, Row, delete, func, select, update

from aimusic.errors import Unavailable
from aimusic.service import library
from aimusic.service.database import ACTIVE, Database, jobs, pieces
from aimusic.service.library import Export, Piece

# How far a job is when each stage begins; shares of the time measured for half a minute of music.
PROGRESS = {"compose": 0.05, "arrange": 0.2, "render": 0.25, "mix": 0.8, "encode": 0.95}


@dataclass(frozen=True, slots=True)
class Job:
    """One row: `status` is queued, running, succeeded, failed or cancelled; `problem` says why there is no result.

    `kind` is what is done: a piece, an export (another file of a piece) or a plan (told in `result`). Jobs of
    one `piece_id` are one job while it is active; it names the export or the plan, where the job is no piece.
    """

    id: str
    piece_id: str
    request: dict
    status: str
    attempts: int
    worker: str | None
    stage: str | None
    progress: float
    problem: dict | None
    created_at: float
    started_at: float | None
    finished_at: float | None
    kind: str = "piece"
    result: dict | None = None

    @property
    def is_over(self) -> bool:
        return self.status in ("succeeded", "failed", "cancelled")


STATES = ("queued", "running", "succeeded", "failed", "cancelled")
CANCELLED = {
    "status": 409,
    "title": "Cancelled",
    "detail": "the job that made this piece was cancelled; ask again to have it made",
}

_TURN = (jobs.c.kind == "piece", jobs.c.number)  # who waits for an export or a plan waits for no other's piece
_COLUMNS = [jobs.c[name] for name in Job.__dataclass_fields__]


@dataclass(frozen=True, slots=True)
class Jobs:
    """Every change of the table. `workers`: how many jobs are worked on at the same time."""

    database: Database
    attempts: int
    lease_s: float
    queue_limit: int
    workers: int

    def submit(self, piece_id: str, request: dict, kind: str = "piece") -> Job:
        """Queue a piece, or join the job that already makes it. Raises Unavailable when the queue is full."""
        with self.database.read() as connection:  # most callers of a busy service need no write lock
            if row := self._same_or_room(connection, piece_id):
                return Job(*row)
        with self.database.write() as connection:
            row = self._same_or_room(connection, piece_id)
            if row is None:
                fields = {"id": secrets.token_hex(12), "piece_id": piece_id, "request": request}
                fields |= {"kind": kind, "status": "queued", "created_at": time.time()}
                row = connection.execute(jobs.insert().returning(*_COLUMNS), fields).one()
        return Job(*row)

    def _same_or_room(self, connection: Connection, piece_id: str) -> Row | None:
        """The active job of the same piece, or None when there is room for one."""
        row = connection.execute(select(*_COLUMNS).where(jobs.c.piece_id == piece_id, ACTIVE)).one_or_none()
        if row is not None:
            return row
        queued = connection.execute(_count("queued")).scalar_one()
        if queued >= self.queue_limit:
            recent = select(pieces.c.generation_s).order_by(pieces.c.created_at.desc()).limit(20).subquery()
            mean_s = connection.execute(select(func.avg(recent.c.generation_s))).scalar_one() or 1.0
            wait_s = min(600, int(1 + queued * mean_s / self.workers))
            raise Unavailable(f"{queued} pieces are waiting already; ask again in {wait_s} seconds", wait_s)
        return None

    def claim(self, worker: str) -> Job | None:
        """Lease the first queued job to a worker."""
        oldest = select(jobs.c.number).where(jobs.c.status == "queued").order_by(*_TURN).limit(1)
        with self.database.read() as connection:  # an idle worker shall not take the write lock
            if connection.execute(oldest).one_or_none() is None:
                return None
        with self.database.write() as connection:
            row = connection.execute(
                update(jobs)
                .where(jobs.c.number == oldest.scalar_subquery())
                .values(
                    status="running",
                    worker=worker,
                    attempts=jobs.c.attempts + 1,
                    lease_until=time.monotonic() + self.lease_s,
                    started_at=time.time(),
                    stage=None,
                    progress=0.0,
                )
                .returning(*_COLUMNS)
            ).one_or_none()
        return Job(*row) if row else None

    def advance(self, job: Job, stage: str) -> None:
        """Record the stage that begins."""
        with self.database.write() as connection:
            connection.execute(_owned(job).values(stage=stage, progress=PROGRESS.get(stage, jobs.c.progress)))

    def is_cancelled(self, job: Job) -> bool:
        with self.database.read() as connection:
            status = connection.execute(select(jobs.c.status).where(jobs.c.id == job.id)).scalar_one_or_none()
        return status == "cancelled"

    def renew(self, worker: str) -> None:
        """Prolong the leases of a worker."""
        with self.database.write() as connection:
            mine = update(jobs).where(jobs.c.worker == worker, jobs.c.status == "running")
            connection.execute(mine.values(lease_until=time.monotonic() + self.lease_s))

    def succeed(self, job: Job, made: Piece | Export | None = None, result: dict | None = None) -> None:
        """Record what was made (None: it was there) and the end of its job, in one transaction.

        A piece counts even if the lease was lost meanwhile: its name says what its bytes are.
        """
        with self.database.write() as connection:
            if made is not None:
                library.put(connection, made)
            ended = {"status": "succeeded", "progress": 1.0, "result": result, "finished_at": time.time()}
            connection.execute(_owned(job).values(ended))

    def cancel(self, job_id: str) -> Job | None:
        """End a job that is active; one that is over stays as it is. Its worker notices within a second."""
        active = update(jobs).where(jobs.c.id == job_id, jobs.c.kind == "piece", ACTIVE)
        ended = {"status": "cancelled", "problem": CANCELLED, "finished_at": time.time()}
        with self.database.write() as connection:
            connection.execute(active.values(ended))
        return self.find_piece_job(job_id)

    def fail(self, job: Job, problem: dict) -> None:
        """Record why the job cannot be done."""
        with self.database.write() as connection:
            connection.execute(_owned(job).values(status="failed", problem=problem, finished_at=time.time()))

    def give_back(self, job: Job) -> None:
        """Return a job to the queue; the attempt does not count."""
        with self.database.write() as connection:
            values = {"status": "queued", "worker": None, "attempts": jobs.c.attempts - 1, "stage": None}
            connection.execute(_owned(job).values(values))

    def retry(self, job: Job, problem: dict) -> None:
        """Return a job to the queue after a failed attempt, or record the problem after the last one."""
        if job.attempts >= self.attempts:
            self.fail(job, problem)
            return
        with self.database.write() as connection:
            connection.execute(_owned(job).values(status="queued", worker=None, stage=None))

    def reclaim(self, worker: str | None = None, *, everything: bool = False) -> list[Job]:
        """Take back jobs whose worker is gone: of one worker, with an expired lease, or all that run."""
        running = select(*_COLUMNS).where(jobs.c.status == "running")
        if not everything:
            gone = jobs.c.lease_until < time.monotonic() if worker is None else jobs.c.worker == worker
            running = running.where(gone)
        with self.database.read() as connection:
            taken = [Job(*row) for row in connection.execute(running)]
        for job in taken:
            self.retry(job, _given_up(job))
        return taken

    def find(self, ids: list[str]) -> dict[str, Job]:
        """Jobs by id."""
        with self.database.read() as connection:
            rows = connection.execute(select(*_COLUMNS).where(jobs.c.id.in_(ids)))
            return {row.id: Job(*row) for row in rows}

    def find_piece_job(self, job_id: str) -> Job | None:
        """The job of a piece by its id. Exports and plans are the service's own affair."""
        job = self.find([job_id]).get(job_id)
        return job if job and job.kind == "piece" else None

    def position(self, job: Job) -> int | None:
        """Place of a queued job in the queue: 1 is next; None for a job that waits no more."""
        if job.status != "queued":
            return None
        ahead = select(func.count()).select_from(jobs).where(jobs.c.status == "queued", jobs.c.kind == "piece")
        own = select(jobs.c.number).where(jobs.c.id == job.id).scalar_subquery()
        with self.database.read() as connection:
            count = connection.execute(ahead.where(jobs.c.number <= own)).scalar_one()
        return max(1, count)  # 0 where it was begun between the two looks

    def page(self, limit: int, before: int | None, status: str | None) -> list[tuple[int, Job]]:
        """Jobs of pieces with their numbers, the newest first; `before`: only those of lower numbers."""
        wanted = select(jobs.c.number, *_COLUMNS).where(jobs.c.kind == "piece").order_by(jobs.c.number.desc())
        if before is not None:
            wanted = wanted.where(jobs.c.number < before)
        if status is not None:
            wanted = wanted.where(jobs.c.status == status)
        with self.database.read() as connection:
            return [(row[0], Job(*row[1:])) for row in connection.execute(wanted.limit(limit))]

    def counts(self) -> dict[str, int]:
        """How many jobs wait and run."""
        with self.database.read() as connection:
            return {status: connection.execute(_count(status)).scalar_one() for status in ("queued", "running")}

    def tally(self) -> dict[str, int]:
        """How many jobs of pieces there are on record, by status."""
        counted = select(jobs.c.status, func.count()).where(jobs.c.kind == "piece").group_by(jobs.c.status)
        with self.database.read() as connection:
            found = dict(connection.execute(counted).all())
        return {status: found.get(status, 0) for status in STATES}

    def forget(self, older_than_s: float) -> None:
        """Remove the records of jobs that ended long ago."""
        with self.database.write() as connection:
            connection.execute(delete(jobs).where(jobs.c.finished_at < time.time() - older_than_s))


def _count(status: str):
    return select(func.count()).select_from(jobs).where(jobs.c.status == status)


def _owned(job: Job):
    """Changes a job only while this attempt of this worker still holds it."""
    return update(jobs).where(
        jobs.c.id == job.id,
        jobs.c.status == "running",
        jobs.c.worker == job.worker,
        jobs.c.attempts == job.attempts,
    )


def _given_up(job: Job) -> dict:
    detail = f"the piece could not be made: its worker process ended {job.attempts} times; the log says more"
    return {"status": 500, "title": "Generation failed", "detail": detail}
