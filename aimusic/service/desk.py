"""The desk takes orders: it looks in the library, queues what is not there, and waits with the caller."""

import threading
from collections.abc import Sequence

from aimusic.errors import GenerationFailed, JobFailed, NotFound, StorageFull, Unavailable
from aimusic.music.request import Request
from aimusic.service.events import Streams
from aimusic.service.identity import piece_id, resolved
from aimusic.service.jobs import Job
from aimusic.service.library import Piece
from aimusic.service.records import Records, open_records
from aimusic.service.storage import StoredFile
from aimusic.service.supervisor import COMMAND, Supervisor
from aimusic.service.waiting import Watcher
from aimusic.settings import Settings
from aimusic.style import load_styles


class Desk:
    """One for each web process. Opened with the first request, because a server may fork before."""

    def __init__(self, settings: Settings, worker_command: Sequence[str] = COMMAND):
        self.settings = settings
        self.records: Records = open_records(settings)
        self._supervisor = Supervisor(self.records, worker_command)
        self._watcher = Watcher(self.records.jobs.find, limit=settings.waiting_limit)
        self.streams = Streams(settings.stream_limit)
        self._opening = threading.Lock()
        self._is_open = False

    def open(self) -> None:
        """Prepare the data directory and start the workers; does nothing the second time.

        Raises what the file system or the database says, and tries again when called again.
        """
        if self._is_open:
            return
        with self._opening:
            if not self._is_open:
                self.records.prepare()
                self._watcher.start()
                self._supervisor.start()
                self._is_open = True

    def refuse_waiters(self) -> None:
        """Send waiting callers away: the service is stopping."""
        self._watcher.stop()
        self.streams.stop()

    def close(self) -> None:
        """End the workers."""
        self.refuse_waiters()
        if self._is_open:
            self._supervisor.stop()
        self.records.close()

    def resolve(self, request: Request) -> Request:
        """The request with its seed and tempo filled in."""
        return resolved(request, load_styles()[request.style])

    def order(self, request: Request) -> Piece:
        """The piece that a request asks for, made now if nobody asked before.

        Raises Unavailable when the queue is full or the deadline passes, StorageFull, and JobFailed.
        """
        request = self.resolve(request)
        name = self._name(request)
        return self.records.library.find(name) or self._make(name, request)

    def begin(self, request: Request) -> Piece | Job:
        """The piece if it is there, else the job that makes it: nobody waits. Raises as `order`."""
        request = self.resolve(request)
        name = self._name(request)
        return self.records.library.find(name) or self._submit(name, request.model_dump(mode="json"))

    def export(self, piece: Piece, kind: str) -> StoredFile:
        """Another file of a piece, made now if nobody asked before. Raises as `order`."""
        there = self.records.library.find_export(piece.id, kind)
        if there is None:
            self._finish(f"{piece.id}.{kind}", {"piece_id": piece.id, "kind": kind}, "export")
            there = self.records.library.find_export(piece.id, kind)
        if there is None:
            raise NotFound("the piece was removed meanwhile")
        return there

    def plan(self, request: Request) -> dict:
        """What a piece would be (see `maker.written`). Raises as `order`."""
        request = self.resolve(request)
        return self._finish(f"{self._name(request)}.plan", request.model_dump(mode="json"), "plan").result

    def cancel(self, job_id: str) -> Job | None:
        """End a job; callers who wait for it are told."""
        return self.records.jobs.cancel(job_id)

    def _name(self, request: Request) -> str:
        return piece_id(request, load_styles()[request.style])

    def _make(self, name: str, request: Request) -> Piece:
        self._finish(name, request.model_dump(mode="json"))
        piece = self.records.library.find(name)
        if piece is None:
            raise GenerationFailed("the piece was removed before it could be answered; see AIMUSIC_KEEP_GB")
        return piece

    def _finish(self, name: str, wishes: dict, kind: str = "piece") -> Job:
        """Have something done, and wait for it."""
        self._watcher.check_room()
        job = self._submit(name, wishes, kind)
        try:
            job = self._watcher.wait(job.id, self.settings.sync_deadline_s)
        except TimeoutError as error:
            detail = f"the {kind} is still being made; ask again with this request, and it will be there"
            raise Unavailable(detail, 10, wishes if kind == "piece" else None) from error
        if job.problem is not None:
            raise JobFailed(job.problem)
        return job

    def _submit(self, name: str, wishes: dict, kind: str = "piece") -> Job:
        self._check_space()
        job = self.records.jobs.submit(name, wishes, kind)
        self._supervisor.wake()
        return job

    def _check_space(self) -> None:
        free_mb = self.records.storage.free_bytes() / 1e6
        if free_mb < self.settings.min_free_mb:
            raise StorageFull(f"only {free_mb:.0f} MB of disk are free, {self.settings.min_free_mb} MB are needed")
