"""Where Alembic finds the connection: it is handed over by `Database.migrate`."""

from alembic import context

from jobs.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
with context.begin_transaction():
    context.run_migrations()
