"""The table of notices: what somebody is to be told of, written with what happened, and what became of it."""

from __future__ import annotations

from sqlalchemy import Column, Index, Table, text

from callrouter.store.tables import BigId, Moment, Pairs, Words, metadata

notices = Table(
    "notices",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("key", Words, nullable=False, unique=True, comment="what is told only once: kind and call, task or client"),
    Column("kind", Words, nullable=False, comment="lost | waiting | answered | undistributed"),
    Column("at", Moment, nullable=False, comment="when it happened"),
    Column("due_at", Moment, nullable=False, comment="not told before, unless Asterisk's records settle it"),
    Column("client_id", BigId),
    Column("department", Words),
    Column("call_id", Words, index=True),
    Column("task_id", BigId, index=True),
    Column("settled_at", Moment, index=True, comment="NULL: nobody is told yet"),
    Column("outcome", Words, comment="told | nobody: no one can be reached | off: not wanted | over: settled before"),
    Column("person", Words, comment="who was told"),
    Column("passed", Pairs, comment="JSON: for whom it was meant before him, and why he was not told"),
    Column("message", Words, comment="the key of the message in the outbox"),
)
Index(
    "ix_notices_due_at",
    notices.c.due_at,
    sqlite_where=text("settled_at IS NULL"),
    postgresql_where=text("settled_at IS NULL"),
)
Index(
    "ix_notices_undistributed",
    notices.c.client_id,
    sqlite_where=text("kind = 'undistributed'"),
    postgresql_where=text("kind = 'undistributed'"),
)
