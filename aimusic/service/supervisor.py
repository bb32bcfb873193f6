"""Keeps the worker processes alive, from a thread of the web process.

Of several web processes on one data directory only one leads: it holds a lock that the operating system
releases when the process ends, however it ends. Workers are spawned, never forked: a process that has used
PyTorch with several threads hangs in its forked children.
"""

import fcntl
import logging
import os
import secrets
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TextIO

from sqlalchemy.exc import SQLAlchemyError

from aimusic.service.records import Records

log = logging.getLogger(__name__)

COMMAND = (sys.executable, "-m", "aimusic.cli", "work")
PACKAGE_PARENT = Path(__file__).parents[2]
LOOK_S = 1.0
PRUNE_S = 60.0
SETTLED_S = 5.0  # a worker that ends sooner did not start well; the next one waits
FIRST_PAUSE_S = 0.25
LONGEST_PAUSE_S = 30.0


class Supervisor:
    """Leads the workers if nobody else does. `command` starts one worker."""

    def __init__(self, records: Records, command: Sequence[str] = COMMAND):
        self._records = records
        self._command = command
        self._slots: list[Slot] = []
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="supervisor", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def wake(self) -> None:
        """Tell idle workers that there is a job."""
        for slot in self._slots:
            slot.wake()

    def stop(self) -> None:
        """End the workers; what they were making returns to the queue."""
        self._stopped.set()
        self._thread.join()

    def _run(self) -> None:
        with (self._records.storage.root / "supervisor.lock").open("w") as lock:
            while not _lock(lock):
                if self._stopped.wait(LOOK_S):
                    return
            self._lead()

    def _lead(self) -> None:
        try:
            self._recover()
        except (SQLAlchemyError, OSError):
            log.exception("the work of an earlier run could not be taken over; its leases will expire")
        settings = self._records.settings
        self._slots = [Slot(number, self._records, self._command) for number in range(settings.workers)]
        for slot in self._slots:
            slot.start()
        pruned_at = 0.0
        while not self._stopped.wait(LOOK_S):
            due = time.monotonic() - pruned_at > PRUNE_S
            try:
                self._look_after(prune=due)
            except (SQLAlchemyError, OSError):
                log.exception("looking after the jobs failed; trying again")
            pruned_at = time.monotonic() if due else pruned_at
        for slot in self._slots:
            slot.terminate()
        deadline = time.monotonic() + settings.stop_grace_s / 4
        for slot in self._slots:
            slot.finish(max(0.0, deadline - time.monotonic()))

    def _recover(self) -> None:
        """After a start: nobody else leads, so all that is left of earlier workers is theirs no more."""
        self._records.storage.sweep()
        self._records.roster.clear()
        for job in self._records.jobs.reclaim(everything=True):
            log.warning("job %s was interrupted in attempt %d", job.id, job.attempts)

    def _look_after(self, *, prune: bool) -> None:
        for job in self._records.jobs.reclaim():
            log.warning("the lease of job %s expired in attempt %d", job.id, job.attempts)
        silent = {m.name for m in self._records.roster.members() if m.silent_s > self._records.settings.lease_s}
        for slot in self._slots:
            if slot.name in silent:
                log.warning("worker %s hangs and is replaced", slot.name)
                slot.kill()
        if prune:
            self._forget()

    def _forget(self) -> None:
        """Remove what is old or too much."""
        settings, library = self._records.settings, self._records.library
        self._records.jobs.forget(settings.keep_jobs_days * 86400)
        self._records.promises.forget()
        library.tidy()
        if settings.keep_days:
            library.expire(settings.keep_days * 86400)
        if settings.keep_gb:
            library.prune(settings.keep_gb * 1e9)


class Slot:
    """A place for one worker; a thread waits for its end and fills the place again."""

    def __init__(self, number: int, records: Records, command: Sequence[str]):
        self.name = ""
        self._number = number
        self._records = records
        self._command = command
        self._process: subprocess.Popen | None = None
        self._stopped = threading.Event()
        self._changing = threading.Lock()
        self._thread = threading.Thread(target=self._run, name=f"slot-{number}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def wake(self) -> None:
        with self._changing:
            if self._process is not None:  # a full pipe has woken it already
                with suppress(BlockingIOError, BrokenPipeError):
                    os.write(self._process.stdin.fileno(), b".")

    def terminate(self) -> None:
        with self._changing:
            self._stopped.set()
            if self._process is not None:
                self._process.terminate()

    def kill(self) -> None:
        with self._changing:
            if self._process is not None:
                self._process.kill()

    def finish(self, grace_s: float) -> None:
        """Wait for the end of a terminated worker, and force it after the grace time."""
        self._thread.join(grace_s)
        self.kill()
        self._thread.join()

    def _run(self) -> None:
        short_lives = 0
        while True:
            started_at = time.monotonic()
            with self._changing:
                if self._stopped.is_set():
                    return
                self._process = self._spawn()
            code = self._process.wait()
            with self._changing:
                self._process.stdin.close()
                self._process = None
            self._clean_up(code)
            short_lives = 0 if time.monotonic() - started_at > SETTLED_S else short_lives + 1
            if short_lives > 1:
                self._stopped.wait(min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2 ** (short_lives - 2)))

    def _spawn(self) -> subprocess.Popen:
        self.name = f"{self._number}-{secrets.token_hex(4)}"
        process = subprocess.Popen(
            [*self._command, "--supervised", self.name],
            stdin=subprocess.PIPE,
            cwd=PACKAGE_PARENT,
            env=self._records.settings.child_environment(),
            start_new_session=True,  # Ctrl-C in a terminal is for the web process, which tells its workers
        )
        os.set_blocking(process.stdin.fileno(), False)
        return process

    def _clean_up(self, code: int) -> None:
        """The worker is gone: what it was making returns to the queue at once."""
        if not self._stopped.is_set():
            log.warning("worker %s ended with code %d and is replaced", self.name, code)
        try:
            self._records.jobs.reclaim(self.name)
            self._records.roster.leave(self.name)
            self._records.storage.sweep(f"{self.name}-")
        except (SQLAlchemyError, OSError):
            log.exception("worker %s could not be cleaned up after; its lease will expire", self.name)


def _lock(file: TextIO) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
