"""Title, tags and heart of a piece; its exports; kind and result of a job; promises of Idempotency-Keys."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("pieces", sa.Column("title", sa.String, nullable=False, server_default=""))
    op.add_column("pieces", sa.Column("tags", sa.JSON, nullable=False, server_default="[]"))
    op.add_column("pieces", sa.Column("favourite", sa.Boolean, nullable=False, server_default="0"))
    op.add_column("jobs", sa.Column("kind", sa.String, nullable=False, server_default="piece"))
    op.add_column("jobs", sa.Column("result", sa.JSON))
    op.create_table(
        "exports",
        sa.Column("piece_id", sa.String, primary_key=True),
        sa.Column("kind", sa.String, primary_key=True),
        sa.Column("name", sa.String, nullable=False, unique=True),
        sa.Column("bytes", sa.Integer, nullable=False),
        sa.Column("sha256", sa.String, nullable=False),
    )
    op.create_table(
        "promises",
        sa.Column("key", sa.String, primary_key=True),
        sa.Column("body", sa.String, nullable=False),
        sa.Column("request", sa.JSON, nullable=False),
        sa.Column("created_at", sa.Float, nullable=False),
    )


def downgrade() -> None:
    for table in ("promises", "exports"):
        op.drop_table(table)
    for table, columns in (("jobs", ("result", "kind")), ("pieces", ("favourite", "tags", "title"))):
        for column in columns:
            op.drop_column(table, column)
