"""Alembic's environment: runs on the connection that `callrouter.store.schema` brings."""

from alembic import context

from callrouter.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=True,  # SQLite's too: we begin transactions ourselves, so a half-made schema is rolled back
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
