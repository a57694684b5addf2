"""The tables of what is sent by itself: runs of the nightly job, the editions it makes, messages until they arrive."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Integer, LargeBinary, Table, UniqueConstraint, text

from callrouter.store.tables import BigId, Moment, Words, metadata

runs = Table(
    "runs",
    metadata,
    Column("job", Words, primary_key=True, comment="export"),
    Column("date", Words, primary_key=True, comment="the business date, YYYY-MM-DD"),
    Column("tries", Integer, nullable=False, comment="times somebody has begun it"),
    Column("begun_at", Moment, nullable=False, comment="the last of these"),
    Column("claim", Words, comment="of who does it; NULL: nobody"),
    Column("claimed_until", Moment, comment="then another may do it"),
    Column("finished_at", Moment, comment="NULL: not yet"),
    Column("error", Words, comment="why the last try came to nothing"),
)
editions = Table(
    "editions",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("date", Words, nullable=False, comment="the business date, YYYY-MM-DD"),
    Column("whose", Words, nullable=False, comment="company, or person:KEY"),
    Column("number", Integer, nullable=False, comment="1, 2, … of this date"),
    Column("language", Words, nullable=False),
    Column("made_at", Moment, nullable=False),
    Column("as_of", Moment, nullable=False, comment="the end of the date: what came later is not in it"),
    Column("digest", Words, nullable=False, comment="of what was known: another one makes another edition"),
    Column("erased_at", Moment, comment="since when its files are gone: somebody in it was forgotten, or they are old"),
    UniqueConstraint("date", "whose", "number"),
)
edition_files = Table(
    "edition_files",
    metadata,
    Column("edition_id", BigId, ForeignKey("editions.id", ondelete="CASCADE"), primary_key=True),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("name", Words, nullable=False),
    Column("media_type", Words, nullable=False),
    Column("content", LargeBinary, nullable=False),
)
outbox = Table(
    "outbox",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("key", Words, nullable=False, unique=True, comment="never changes: Message-ID, Idempotency-Key"),
    Column("kind", Words, nullable=False, comment="export | notice"),
    Column("to", Words, nullable=False, comment="mail:ADDRESS, hook:URL or dir:PATH"),
    Column("subject", Words, nullable=False),
    Column("text", Words, nullable=False),
    Column("html", Words),
    # Without ON DELETE: who prunes editions deletes their messages first, and sees which have not arrived yet.
    Column("edition_id", BigId, ForeignKey("editions.id"), index=True, comment="whose files go with it"),
    Column("put_at", Moment, nullable=False),
    Column("state", Words, nullable=False, comment="waiting | delivered | dead | dropped"),
    Column("settled_at", Moment, comment="since when it no longer waits"),
    Column("due_at", Moment, nullable=False, comment="the next attempt; claimed: when the claim runs out"),
    Column("claim", Words, comment="of who delivers it at the moment; NULL: nobody"),
    Column("attempts", Integer, nullable=False),
    Column("error", Words, comment="of the last attempt"),
    Column("failed_at", Moment, index=True, comment="when it was given up last; stays if it arrives after all"),
)
Index(
    "ix_outbox_waiting",
    outbox.c.due_at,
    sqlite_where=text("state = 'waiting'"),
    postgresql_where=text("state = 'waiting'"),
)
Index(
    "ix_outbox_dead",
    outbox.c.settled_at,
    sqlite_where=text("state = 'dead'"),
    postgresql_where=text("state = 'dead'"),
)
