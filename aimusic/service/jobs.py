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
from aimusic.service.library import Piece

# How far a job is when each stage begins; shares of the time measured for half a minute of music.
PROGRESS = {"compose": 0.05, "arrange": 0.2, "render": 0.25, "mix": 0.8, "encode": 0.95}


@dataclass(frozen=True, slots=True)
class Job:
    """One row: `status` is queued, running, succeeded or failed; `problem` says why it failed."""

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

    @property
    def is_over(self) -> bool:
        return self.status in ("succeeded", "failed")


_COLUMNS = [jobs.c[name] for name in Job.__dataclass_fields__]


@dataclass(frozen=True, slots=True)
class Jobs:
    """Every change of the table. `workers`: how many jobs are worked on at the same time."""

    database: Database
    attempts: int
    lease_s: float
    queue_limit: int
    workers: int

    def submit(self, piece_id: str, request: dict) -> Job:
        """Queue a piece, or join the job that already makes it. Raises Unavailable when the queue is full."""
        with self.database.read() as connection:  # most callers of a busy service need no write lock
            if row := self._same_or_room(connection, piece_id):
                return Job(*row)
        with self.database.write() as connection:
            row = self._same_or_room(connection, piece_id)
            if row is None:
                fields = {"id": secrets.token_hex(12), "piece_id": piece_id, "request": request}
                fields |= {"status": "queued", "created_at": time.time()}
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
        """Lease the oldest queued job to a worker."""
        oldest = select(jobs.c.number).where(jobs.c.status == "queued").order_by(jobs.c.number).limit(1)
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

    def renew(self, worker: str) -> None:
        """Prolong the leases of a worker."""
        with self.database.write() as connection:
            mine = update(jobs).where(jobs.c.worker == worker, jobs.c.status == "running")
            connection.execute(mine.values(lease_until=time.monotonic() + self.lease_s))

    def succeed(self, job: Job, piece: Piece | None = None) -> None:
        """Record the piece (None: it was in the library) and the end of its job, in one transaction.

        The piece counts even if the lease was lost meanwhile: its name says what its bytes are.
        """
        with self.database.write() as connection:
            if piece is not None:
                library.put(connection, piece)
            connection.execute(_owned(job).values(status="succeeded", progress=1.0, finished_at=time.time()))

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

    def counts(self) -> dict[str, int]:
        """How many jobs wait and run."""
        with self.database.read() as connection:
            return {status: connection.execute(_count(status)).scalar_one() for status in ("queued", "running")}

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
