"""The table of dates whose calls are added up; a trigger on `calls` takes out whatever a change of a row concerns."""

from __future__ import annotations

from sqlalchemy import Column, Index, Table

from callrouter.store.tables import Moment, Words, metadata

days = Table(
    "ledger_days",
    metadata,
    Column("timezone", Words, primary_key=True, comment="in which the date is one"),
    Column("date", Words, primary_key=True, comment="YYYY-MM-DD"),
    Column("starts_at", Moment, nullable=False),
    Column("ends_at", Moment, nullable=False),
    Column("version", Words, nullable=False, comment="of the definition and of what is kept here"),
    Column("claim", Words, nullable=False, comment="of who adds it up: only while this stands has nothing changed"),
    Column("counts", Words, comment="JSON: what can be added up; NULL: not yet"),
    Column("shared", Words, comment="JSON: clients two of ours talked to, by number"),
    Column("clients", Words, comment="JSON: who called and who was lost, for periods that have this date"),
    Column("settled", Words, comment="JSON: what became of clients lost lately, for the periods they were lost in"),
    Column("settled_late", Words, comment="JSON: the same of those lost longer ago"),
)
Index("ix_ledger_days_ends_at", days.c.ends_at)
