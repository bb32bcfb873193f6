"""Run by alembic: changes the tables through the connection that `database.py` hands over, in its transaction."""

from alembic import context

from aimusic.service.database import metadata

context.configure(
    connection=context.config.attributes["connection"], target_metadata=metadata, transactional_ddl=True
)
with context.begin_transaction():
    context.run_migrations()
