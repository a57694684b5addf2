"""The table of who was forgotten: nothing in it leads back to a number."""

from __future__ import annotations

from sqlalchemy import Column, LargeBinary, Table

from callrouter.store.tables import Moment, Words, metadata

forgotten = Table(
    "forgotten",
    metadata,
    Column("token", Words, primary_key=True, comment="chance: it stands where the number stood"),
    Column("digest", LargeBinary, nullable=False, comment="24 bits of the number's keyed hash: many numbers have it"),
    Column("at", Moment, nullable=False),
)
