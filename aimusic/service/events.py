"""What happens to a job, as server-sent events: one for each change of its state, until it is over.

An event's id says which state it tells, so that a client that comes back with `Last-Event-ID` misses nothing
and hears nothing twice. Each stream holds a thread of the server; their number is bounded.

Source: HTML Living Standard, section 9.2.
"""

import json
import threading
import time
from collections.abc import Callable, Iterator

from aimusic.errors import Unavailable
from aimusic.service.answers import JobAnswer

LOOK_S = 0.1
HEARTBEAT_S = 3.0  # also how a client that has gone is noticed

Look = Callable[[], JobAnswer | None]


class Streams:
    """Counts the streams that are open, and ends them all when the service stops."""

    def __init__(self, limit: int):
        self._limit = limit
        self._free = threading.BoundedSemaphore(limit)
        self._stopped = threading.Event()

    def open(self) -> Callable[[], None]:
        """Take a place; returns how to leave it, once. Raises Unavailable when there is none."""
        if self._stopped.is_set() or not self._free.acquire(blocking=False):
            raise Unavailable(f"{self._limit} callers follow their jobs already; ask for the job itself instead")
        left = threading.Lock()

        def leave() -> None:
            if left.acquire(blocking=False):
                self._free.release()

        return leave

    def stop(self) -> None:
        """End every stream at its next look."""
        self._stopped.set()

    def follow(self, look: Look, last_id: str | None, heartbeat_s: float = HEARTBEAT_S) -> Iterator[str]:
        """The events of a job after the one with `last_id`, until it is over, gone, or the service stops."""
        told_at = time.monotonic()
        yield "retry: 1000\n\n"
        while (job := look()) is not None:
            if event_id(job) != last_id:
                last_id, told_at = event_id(job), time.monotonic()
                yield f"id: {last_id}\nevent: {job.status}\ndata: {json.dumps(job.model_dump(mode='json'))}\n\n"
            elif time.monotonic() - told_at > heartbeat_s:
                told_at = time.monotonic()
                yield ": still here\n\n"
            if is_over(job) or self._stopped.wait(LOOK_S):
                return


def event_id(job: JobAnswer) -> str:
    """Names a state of a job: attempt, status, stage and place in the queue."""
    return f"{job.attempts}-{job.status}-{job.stage or job.queue_position or 0}"


def is_over(job: JobAnswer) -> bool:
    return job.finished_at is not None
