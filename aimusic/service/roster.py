"""Which worker processes live: each reports every second or so."""

import time
from dataclasses import dataclass

from sqlalchemy import delete, select

from aimusic.service.database import Database, workers

FRESH_S = 10.0  # a worker that reported within this time is alive


@dataclass(frozen=True, slots=True)
class Member:
    """A worker process; `state` is starting, ready or busy; `silent_s`: seconds since its last report."""

    name: str
    pid: int
    state: str
    silent_s: float


@dataclass(frozen=True, slots=True)
class Roster:
    """The workers table."""

    database: Database

    def report(self, name: str, pid: int, state: str) -> None:
        with self.database.write() as connection:
            connection.execute(delete(workers).where(workers.c.name == name))
            connection.execute(
                workers.insert().values(name=name, pid=pid, state=state, heartbeat=time.monotonic())
            )

    def leave(self, name: str) -> None:
        with self.database.write() as connection:
            connection.execute(delete(workers).where(workers.c.name == name))

    def clear(self) -> None:
        with self.database.write() as connection:
            connection.execute(delete(workers))

    def members(self) -> list[Member]:
        now = time.monotonic()
        with self.database.read() as connection:
            rows = connection.execute(select(workers).order_by(workers.c.name))
            return [Member(row.name, row.pid, row.state, now - row.heartbeat) for row in rows]

    def alive(self) -> list[Member]:
        """Members that reported lately."""
        return [member for member in self.members() if 0 <= member.silent_s < FRESH_S]
