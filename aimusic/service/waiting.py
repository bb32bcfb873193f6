"""Callers who wait for a job: one thread asks the database for all of them."""

import threading
from collections.abc import Callable
from concurrent.futures import Future

from sqlalchemy.exc import SQLAlchemyError

from aimusic.errors import Unavailable
from aimusic.service.jobs import Job

_STOPPING = "the service is stopping; ask again in a moment"

Find = Callable[[list[str]], dict[str, Job]]


class Watcher:
    """Wakes each caller when its job is over. Idle without callers."""

    def __init__(self, find: Find, *, limit: int, period_s: float = 0.02):
        self._find = find
        self._limit = limit
        self._period_s = period_s
        self._waiting: dict[str, list[Future]] = {}
        self._change = threading.Condition()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="watcher", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def wait(self, job_id: str, timeout_s: float) -> Job:
        """The job when it is over. Raises TimeoutError, and Unavailable when too many wait or we stop."""
        future: Future = Future()
        with self._change:
            self._check_room()
            self._waiting.setdefault(job_id, []).append(future)
            self._change.notify()
        try:
            return future.result(timeout_s)
        finally:
            self._leave(job_id, future)

    def check_room(self) -> None:
        """Raise Unavailable if `wait` would: before any work is begun for a caller who cannot wait."""
        with self._change:
            self._check_room()

    def _check_room(self) -> None:
        if self._stopped.is_set():
            raise Unavailable(_STOPPING)
        if sum(map(len, self._waiting.values())) >= self._limit:
            raise Unavailable(f"{self._limit} callers are waiting already; ask again in a moment")

    def stop(self) -> None:
        """Send every caller away."""
        self._stopped.set()
        with self._change:
            self._refuse_all(Unavailable(_STOPPING))
            self._change.notify()

    def _leave(self, job_id: str, future: Future) -> None:
        with self._change:
            futures = self._waiting.get(job_id, [])
            if future in futures:
                futures.remove(future)
            if not futures:
                self._waiting.pop(job_id, None)

    def _watch(self) -> None:
        while not self._stopped.wait(self._period_s):
            with self._change:
                self._change.wait_for(lambda: self._waiting or self._stopped.is_set())
                ids = list(self._waiting)
            try:
                found = self._find(ids)
            except SQLAlchemyError as error:  # each caller gets it; the thread must live on
                with self._change:
                    self._refuse_all(error)
                continue
            with self._change:
                for job in found.values():
                    if job.is_over:
                        for future in self._waiting.pop(job.id, []):
                            future.set_result(job)

    def _refuse_all(self, error: Exception) -> None:
        for futures in self._waiting.values():
            for future in futures:
                future.set_exception(error)
        self._waiting.clear()
