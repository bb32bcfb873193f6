"""The tables of the first release: pieces, jobs, workers."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "pieces",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("style", sa.String, nullable=False),
        sa.Column("audio_name", sa.String, nullable=False, unique=True),
        sa.Column("audio_bytes", sa.Integer, nullable=False),
        sa.Column("audio_sha256", sa.String, nullable=False),
        sa.Column("midi_name", sa.String, nullable=False, unique=True),
        sa.Column("midi_bytes", sa.Integer, nullable=False),
        sa.Column("midi_sha256", sa.String, nullable=False),
        sa.Column("facts", sa.JSON, nullable=False),
        sa.Column("generation_s", sa.Float, nullable=False),
        sa.Column("created_at", sa.Float, nullable=False),
    )
    op.create_index("ix_pieces_created_at", "pieces", ["created_at"])
    op.create_table(
        "jobs",
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("id", sa.String, nullable=False, unique=True),
        sa.Column("piece_id", sa.String, nullable=False),
        sa.Column("request", sa.JSON, nullable=False),
        sa.Column("status", sa.String, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("worker", sa.String),
        sa.Column("lease_until", sa.Float),
        sa.Column("stage", sa.String),
        sa.Column("progress", sa.Float, nullable=False),
        sa.Column("problem", sa.JSON),
        sa.Column("created_at", sa.Float, nullable=False),
        sa.Column("started_at", sa.Float),
        sa.Column("finished_at", sa.Float),
    )
    active = sa.text("status IN ('queued', 'running')")
    op.create_index("one_active_job_for_each_piece", "jobs", ["piece_id"], unique=True, sqlite_where=active)
    op.create_index("jobs_by_status", "jobs", ["status", "number"])
    op.create_table(
        "workers",
        sa.Column("name", sa.String, primary_key=True),
        sa.Column("pid", sa.Integer, nullable=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("heartbeat", sa.Float, nullable=False),
    )


def downgrade() -> None:
    for table in ("workers", "jobs", "pieces"):
        op.drop_table(table)
