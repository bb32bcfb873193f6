"""The process that makes the music: leases one job at a time, makes it, records how it ended.

`aimusic.service.maker` knows how a piece is made; here it is a value handed in, so that tests can hand in
another.
"""

import logging
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from sqlalchemy.exc import SQLAlchemyError

from aimusic.errors import GenerationFailed, MusicError, NotFound
from aimusic.music.request import Request
from aimusic.service.jobs import Job
from aimusic.service.library import Export, Piece
from aimusic.service.logs import about
from aimusic.service.provenance import provenance
from aimusic.service.records import Records, open_records
from aimusic.settings import Settings
from aimusic.style import load_styles

log = logging.getLogger(__name__)

POLL_S = 0.25  # of a worker that nobody wakes
BEAT_S = 1.0
HUNG = 70  # exit code of a worker whose job took too long
UNWANTED = 71  # of one whose job was cancelled in the middle of a long stage


@dataclass(frozen=True, slots=True)
class Made:
    """What a maker has written, and what it tells about the music (see `schemas.piece_answer`)."""

    audio: Path
    midi: Path
    facts: dict


class Maker(Protocol):
    """Makes pieces."""

    def make(self, request: Request, folder: Path, progress: Callable[[str], None]) -> Made:
        """Write a piece into a folder; tell each stage as it begins."""

    def export(self, audio: Path, midi: Path, kind: str, folder: Path) -> Path:
        """Write another file of a finished piece into a folder (see `exporter.export`)."""

    def plan(self, request: Request) -> dict:
        """What a piece would be, without playing it (see `maker.facts`)."""

    def warm_ups(self) -> Iterator[str]:
        """Prepare one thing after another, naming each, so that the first pieces are quick too."""


class Cancelled(Exception):
    """A caller wants the job no more."""


class GiveBack(Exception):
    """The worker is told to stop; its job is for another."""


class Worker:
    """One worker process. `load` makes the maker; it may take seconds."""

    def __init__(self, settings: Settings, name: str, load: Callable[[], Maker]):
        self._settings = settings
        self._name = name
        self._load = load
        self.records: Records = open_records(settings)
        self._state = "starting"
        self._held: tuple[Job, float] | None = None  # the job, and when it was begun
        self._wake = threading.Event()
        self._stopping = threading.Event()

    def run(self, *, supervised: bool) -> None:
        """Work until told to stop; a supervised worker also ends when its standard input is closed."""
        signal.signal(signal.SIGTERM, lambda *_: self.stop())
        signal.signal(signal.SIGINT, lambda *_: self.stop())
        self.records.prepare()
        threading.Thread(target=self._beat, name="heartbeat", daemon=True).start()
        if supervised:
            threading.Thread(target=self._listen, name="listener", daemon=True).start()
        maker = self._load()
        warm_ups = maker.warm_ups()
        self._state = "ready"
        self._report()
        while not self._stopping.is_set():
            job = self.records.jobs.claim(self._name)
            if job is not None:
                self._hold(job, maker)
            elif next(warm_ups, None) is None:
                self._wake.wait(POLL_S)
                self._wake.clear()
        self.records.roster.leave(self._name)

    def stop(self) -> None:
        """Give back the job at its next stage, and end."""
        self._stopping.set()
        self._wake.set()

    def _hold(self, job: Job, maker: Maker) -> None:
        self._held, self._state = (job, time.monotonic()), "busy"
        try:
            self.work(job, maker)
        finally:
            self._held, self._state = None, "ready"

    def work(self, job: Job, maker: Maker) -> None:
        """Make one piece; whatever happens, the job ends in a recorded state."""
        jobs = self.records.jobs
        about.set({"job_id": job.id})
        try:
            self._do(job, maker)
        except GiveBack:
            jobs.give_back(job)
        except Cancelled:
            log.info("job %s is cancelled", job.id)
        except MusicError as error:
            log.warning("job %s: %s: %s", job.id, type(error).__name__, error)
            jobs.fail(job, error.problem())
        except Exception:  # the one place that catches everything: a job must always end
            log.exception("job %s: attempt %d failed", job.id, job.attempts)
            failure = GenerationFailed(f"the piece could not be made; the log tells more under job {job.id}")
            jobs.retry(job, failure.problem())

    def _do(self, job: Job, maker: Maker) -> None:
        """What the kind of the job says. What is in the library already is not made again."""
        jobs, library = self.records.jobs, self.records.library
        if job.kind == "plan":
            jobs.succeed(job, result=maker.plan(Request.model_validate(job.request)))
        elif job.kind == "export":
            jobs.succeed(job, self._export(job, maker))
        else:
            jobs.succeed(job, None if library.find(job.piece_id) else self._make(job, maker))

    def _export(self, job: Job, maker: Maker) -> Export:
        piece_id, kind = job.request["piece_id"], job.request["kind"]
        piece = self.records.library.find(piece_id)
        if piece is None:
            raise NotFound("the piece was removed meanwhile")
        storage = self.records.storage
        audio, midi = (storage.pieces / file.name for file in (piece.audio, piece.midi))
        with storage.workspace(self._name) as folder:
            path = maker.export(audio, midi, kind, folder)
            return Export(piece_id, kind, storage.keep(path, f"{audio.stem}.{kind}"))

    def _make(self, job: Job, maker: Maker) -> Piece:
        started = time.perf_counter()
        request = Request.model_validate(job.request)
        storage = self.records.storage
        with storage.workspace(self._name) as folder:
            made = maker.make(request, folder, lambda stage: self._progress(job, stage))
            name = f"{request.style}_{job.piece_id}"
            audio = storage.keep(made.audio, name + ".wav")
            midi = storage.keep(made.midi, name + ".mid")
        seconds = round(time.perf_counter() - started, 3)
        log.info("job %s: %s in %.2f s", job.id, audio.name, seconds)
        facts = {**made.facts, "provenance": provenance(load_styles()[request.style])}
        return Piece(job.piece_id, request.style, audio, midi, facts, seconds, time.time())

    def _progress(self, job: Job, stage: str) -> None:
        if self._stopping.is_set():
            raise GiveBack
        self.records.jobs.advance(job, stage)
        if self.records.jobs.is_cancelled(job):
            raise Cancelled

    def _beat(self) -> None:
        """Report and renew the lease; a worker that hangs in its job, or in a cancelled one, ends itself."""
        cancelled = None
        while True:
            held, limit_s = self._held, self._settings.job_limit_s
            if held and time.monotonic() - held[1] > limit_s:
                log.error("job %s takes more than %g s", held[0].id, limit_s)
                os._exit(HUNG)
            try:
                self._report()
                if held and self.records.jobs.is_cancelled(held[0]):
                    if held is cancelled and held is self._held:  # a whole beat, and no stage has ended
                        log.info("job %s is cancelled", held[0].id)
                        os._exit(UNWANTED)
                    cancelled = held
            except SQLAlchemyError:
                log.exception("no report; the next one follows")
            time.sleep(BEAT_S)

    def _report(self) -> None:
        self.records.roster.report(self._name, os.getpid(), self._state)
        if self._held:
            self.records.jobs.renew(self._name)

    def _listen(self) -> None:
        """A byte means a job; the end of the stream, that the parent is gone: nobody waits any more."""
        while os.read(0, 1024):
            self._wake.set()
        try:
            if held := self._held:
                self.records.jobs.give_back(held[0])
        finally:
            os._exit(0)
