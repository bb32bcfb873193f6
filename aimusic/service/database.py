"""The tables, and an engine that keeps what it has committed.

SQLite with a write-ahead log and full synchronisation. Reads never wait for a writer; each write is one
`BEGIN IMMEDIATE` transaction, so two processes cannot both decide on what they read. A file that an earlier
version has made is brought up to date by `migrations/` when it is opened.
"""

import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Connection,
    Float,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    create_engine,
    event,
)
from sqlalchemy.exc import TimeoutError

from aimusic.errors import Unavailable

SCHEMA = 2  # the newest file in migrations/versions
LOCK_WAIT_S = 5.0
MIGRATIONS = Path(__file__).parent / "migrations"

metadata = MetaData()

pieces = Table(
    "pieces",
    metadata,
    Column("id", String, primary_key=True),
    Column("style", String, nullable=False),
    Column("audio_name", String, nullable=False, unique=True),
    Column("audio_bytes", Integer, nullable=False),
    Column("audio_sha256", String, nullable=False),
    Column("midi_name", String, nullable=False, unique=True),
    Column("midi_bytes", Integer, nullable=False),
    Column("midi_sha256", String, nullable=False),
    Column("facts", JSON, nullable=False),
    Column("generation_s", Float, nullable=False),
    Column("created_at", Float, nullable=False, index=True),
    Column("title", String, nullable=False, server_default=""),
    Column("tags", JSON, nullable=False, server_default="[]"),
    Column("favourite", Boolean, nullable=False, server_default="0"),
)

exports = Table(
    "exports",
    metadata,
    Column("piece_id", String, primary_key=True),
    Column("kind", String, primary_key=True),
    Column("name", String, nullable=False, unique=True),
    Column("bytes", Integer, nullable=False),
    Column("sha256", String, nullable=False),
)

jobs = Table(
    "jobs",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("id", String, nullable=False, unique=True),
    Column("piece_id", String, nullable=False),
    Column("request", JSON, nullable=False),
    Column("status", String, nullable=False),
    Column("attempts", Integer, nullable=False, default=0),
    Column("worker", String),
    Column("lease_until", Float),
    Column("stage", String),
    Column("progress", Float, nullable=False, default=0.0),
    Column("problem", JSON),
    Column("created_at", Float, nullable=False),
    Column("started_at", Float),
    Column("finished_at", Float),
    Column("kind", String, nullable=False, server_default="piece"),
    Column("result", JSON),
)
ACTIVE = jobs.c.status.in_(("queued", "running"))
Index("one_active_job_for_each_piece", jobs.c.piece_id, unique=True, sqlite_where=ACTIVE)
Index("jobs_by_status", jobs.c.status, jobs.c.number)

promises = Table(
    "promises",
    metadata,
    Column("key", String, primary_key=True),
    Column("body", String, nullable=False),
    Column("request", JSON, nullable=False),
    Column("created_at", Float, nullable=False),
)

workers = Table(
    "workers",
    metadata,
    Column("name", String, primary_key=True),
    Column("pid", Integer, nullable=False),
    Column("state", String, nullable=False),
    Column("heartbeat", Float, nullable=False),
)


class Database:
    """`read()` and `write()` open a transaction and hand out its connection."""

    def __init__(self, path: Path):
        self.path = path
        self._engine = create_engine(
            f"sqlite:///{path}", pool_size=8, max_overflow=56, connect_args={"timeout": LOCK_WAIT_S}
        )
        self._writing = self._engine.execution_options(write=True)
        self._turn = threading.Lock()
        event.listen(self._engine, "connect", _configure)
        event.listen(self._engine, "begin", _begin)

    def read(self) -> AbstractContextManager[Connection]:
        return self._engine.begin()

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Threads queue up here: SQLite itself lets who waits sleep and ask again."""
        if not self._turn.acquire(timeout=LOCK_WAIT_S):
            raise TimeoutError("database is locked by another thread")
        try:
            with self._writing.begin() as connection:
                yield connection
        finally:
            self._turn.release()

    def prepare(self) -> None:
        """Check the file and bring its tables up to date. Raises Unavailable for a damaged or foreign file."""
        with self.write() as connection:
            found = connection.exec_driver_sql("PRAGMA user_version").scalar_one()
            if not 0 <= found <= SCHEMA:
                raise Unavailable(f"{self.path} has schema {found}, this version needs {SCHEMA}: move it away")
            verdict = connection.exec_driver_sql("PRAGMA quick_check(1)").scalar_one()
            if verdict != "ok":
                raise Unavailable(f"{self.path} is damaged ({verdict}): restore a copy or move it away")
            if found < SCHEMA:
                _migrate(connection, found)

    def close(self) -> None:
        self._engine.dispose()


def _migrate(connection: Connection, found: int) -> None:
    """Run the migrations that the file lacks, all or none of them. Schema 1 was made without migrations."""
    from alembic import command  # here, because it takes longer to load than a file of today needs to open
    from alembic.config import Config

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    if found == 1:
        command.stamp(config, "0001")
    command.upgrade(config, "head")
    connection.exec_driver_sql(f"PRAGMA user_version = {SCHEMA}")


def _configure(driver_connection, _record) -> None:
    driver_connection.isolation_level = None  # the driver shall not begin transactions; `_begin` does
    cursor = driver_connection.cursor()
    for pragma in ("journal_mode = WAL", "synchronous = FULL"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin(connection: Connection) -> None:
    write = connection.get_execution_options().get("write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")
