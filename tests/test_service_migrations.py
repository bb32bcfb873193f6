"""A database file of any earlier release opens, with all that is in it."""

import sqlite3

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text

from aimusic.service.database import MIGRATIONS, SCHEMA, Database, metadata

FIRST_RELEASE = """
CREATE TABLE pieces (id VARCHAR NOT NULL, style VARCHAR NOT NULL, audio_name VARCHAR NOT NULL,
    audio_bytes INTEGER NOT NULL, audio_sha256 VARCHAR NOT NULL, midi_name VARCHAR NOT NULL,
    midi_bytes INTEGER NOT NULL, midi_sha256 VARCHAR NOT NULL, facts JSON NOT NULL, generation_s FLOAT NOT NULL,
    created_at FLOAT NOT NULL, PRIMARY KEY (id), UNIQUE (audio_name), UNIQUE (midi_name));
CREATE INDEX ix_pieces_created_at ON pieces (created_at);
CREATE TABLE jobs (number INTEGER NOT NULL, id VARCHAR NOT NULL, piece_id VARCHAR NOT NULL, request JSON NOT NULL,
    status VARCHAR NOT NULL, attempts INTEGER NOT NULL, worker VARCHAR, lease_until FLOAT, stage VARCHAR,
    progress FLOAT NOT NULL, problem JSON, created_at FLOAT NOT NULL, started_at FLOAT, finished_at FLOAT,
    PRIMARY KEY (number), UNIQUE (id));
CREATE UNIQUE INDEX one_active_job_for_each_piece ON jobs (piece_id) WHERE status IN ('queued', 'running');
CREATE INDEX jobs_by_status ON jobs (status, number);
CREATE TABLE workers (name VARCHAR NOT NULL, pid INTEGER NOT NULL, state VARCHAR NOT NULL,
    heartbeat FLOAT NOT NULL, PRIMARY KEY (name));
INSERT INTO pieces VALUES ('p', 's', 's_p.wav', 1, 'x', 's_p.mid', 1, 'y', '{}', 0.5, 7.0);
INSERT INTO jobs VALUES (1, 'j', 'p', '{}', 'queued', 0, NULL, NULL, NULL, 0.0, NULL, 7.0, NULL, NULL);
PRAGMA user_version = 1;
"""


@pytest.fixture
def path(tmp_path):
    return tmp_path / "aimusic.db"


def opened(path):
    database = Database(path)
    database.prepare()
    return database


def differences(database):
    with database.read() as connection:
        return compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), metadata)


@pytest.mark.parametrize("old", ["", FIRST_RELEASE], ids=["new", "first release"])
def test_every_file_ends_with_the_tables_of_today(path, old):
    with sqlite3.connect(path) as file:
        file.executescript(old)
    database = opened(path)
    assert differences(database) == []
    with database.read() as connection:
        assert connection.exec_driver_sql("PRAGMA user_version").scalar_one() == SCHEMA
    database.close()


def test_what_the_first_release_kept_is_still_there(path):
    with sqlite3.connect(path) as file:
        file.executescript(FIRST_RELEASE)
    database = opened(path)
    with database.read() as connection:
        piece = connection.execute(text("SELECT id, title, tags, favourite, created_at FROM pieces")).one()
        job = connection.execute(text("SELECT id, kind, status FROM jobs")).one()
    assert tuple(piece) == ("p", "", "[]", 0, 7.0) and tuple(job) == ("j", "piece", "queued")
    database.close()


def test_a_migration_that_fails_leaves_the_file_as_it_was(path):
    with sqlite3.connect(path) as file:
        file.executescript(FIRST_RELEASE + "CREATE TABLE promises (mine INTEGER);")
    with pytest.raises(Exception, match="promises already exists"):
        opened(path)
    with sqlite3.connect(path) as file:
        assert file.execute("PRAGMA user_version").fetchone() == (1,)
        assert "title" not in {row[1] for row in file.execute("PRAGMA table_info(pieces)")}


def test_the_schema_is_numbered_as_its_newest_migration():
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    assert int(ScriptDirectory.from_config(config).get_current_head()) == SCHEMA
