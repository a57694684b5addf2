"""
The tables, and how instants and outside text are stored.

Instants are whole microseconds since 1970 (UTC) in a BIGINT: both databases keep them to the last digit, compare
them exactly (a half-open period has exact ends), and neither can shift them by a session's time zone.
"""

from __future__ import annotations

import orjson
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    false,
    text,
)
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)
MICRO = 1_000_000
BigId = BigInteger().with_variant(Integer, "sqlite")  # SQLite numbers rows only in a column called INTEGER


class Moment(TypeDecorator[float]):
    """An instant (seconds since 1970, UTC) as whole microseconds."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: float | None, dialect: Dialect) -> int | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Return microseconds."""
        return None if value is None else round(value * MICRO)

    def process_result_value(self, value: int | None, dialect: Dialect) -> float | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Return seconds."""
        return None if value is None else value / MICRO


class Words(TypeDecorator[str]):
    """Text from outside: what no database can hold (NUL, half a surrogate pair) is replaced, not refused."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Return storable text."""
        if value is None or (type(value) is str and value.isascii() and "\0" not in value):  # nearly always: be quick
            return value
        return value.replace("\0", "\N{REPLACEMENT CHARACTER}").encode("utf-8", "replace").decode()


class Pairs(TypeDecorator[tuple[tuple[str, str], ...]]):
    """Pairs of words as a JSON array; none are NULL."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: tuple[tuple[str, str], ...] | None, dialect: Dialect) -> str | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Return the array."""
        return orjson.dumps(value).decode() if value else None

    def process_result_value(self, value: str | None, dialect: Dialect) -> tuple[tuple[str, str], ...]:  # noqa: ARG002 - SQLAlchemy's signature
        """Return the pairs."""
        return () if value is None else tuple((one, other) for one, other in orjson.loads(value))


clients = Table(
    "clients",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("name", Words),
    Column("name_folded", Words, comment="casefolded, to be found by: SQLite folds ASCII only"),
    Column("priority", Words),
    Column("segment", Words),
    Column("attributes", Words, nullable=False, comment="JSON object: the import's other columns"),
    Column("created_at", Moment, nullable=False),
    Column("how", Words, nullable=False, comment="imported | called"),
)
client_phones = Table(
    "client_phones",
    metadata,
    Column("number", Words, primary_key=True, comment="E.164"),
    Column("client_id", BigId, ForeignKey("clients.id", ondelete="CASCADE"), primary_key=True, index=True),
    Column("raw", Words, nullable=False, comment="as it was written where it came from"),
)
responsibles = Table(
    "responsibles",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("client_id", BigId, ForeignKey("clients.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("department", Words, comment="NULL: every department"),
    Column("person", Words, nullable=False),
    Column("since", Moment, nullable=False),
    Column("until", Moment, comment="NULL: still"),
    Column("how", Words, nullable=False, comment="answered | assigned | imported"),
    Column("by_call", Words),
)
# One open responsible per client and department, and one for all: two indexes, as NULLs differ from one another in one.
Index(
    "uq_responsibles_open",
    responsibles.c.client_id,
    responsibles.c.department,
    unique=True,
    sqlite_where=text("until IS NULL AND department IS NOT NULL"),
    postgresql_where=text("until IS NULL AND department IS NOT NULL"),
)
Index(
    "uq_responsibles_open_general",
    responsibles.c.client_id,
    unique=True,
    sqlite_where=text("until IS NULL AND department IS NULL"),
    postgresql_where=text("until IS NULL AND department IS NULL"),
)

scheme_revisions = Table(
    "scheme_revisions",
    metadata,
    Column("revision", Integer, primary_key=True, autoincrement=False),
    Column("document", LargeBinary, nullable=False),
    Column("sha256", Words, nullable=False),
    Column("applied_at", Moment, nullable=False),
    Column("applied_by", Words),
    Column("comment", Words),
)

calls = Table(
    "calls",
    metadata,
    Column("id", Words, primary_key=True),
    Column("line", Words, nullable=False),
    Column("department", Words),
    Column("caller", Words),
    Column("caller_raw", Words, nullable=False),
    Column("client_id", BigId, comment="the card, made at the end of the call if need be"),
    Column("client", Words),
    Column("responsible", Words),
    Column("priority", Words),
    Column("segment", Words),
    Column("claimed_by", Words),
    Column("direction", Words, nullable=False),
    Column("arrived_at", Moment, nullable=False, index=True),
    Column("answered_at", Moment),
    Column("ended_at", Moment),
    Column("outcome", Words, comment="NULL: the call lives"),
    Column("lost_reason", Words),
    Column("lost_step", Integer),
    Column("answered_by", Words),
    Column("answered_step", Integer),
    Column("scheme_revision", Integer),
    Column("routed_by", Words, nullable=False),
    Column("recovered", Boolean, nullable=False),
    Column("asterisk_id", Words, nullable=False, index=True),
    Column("recording", Words),
    Column(
        "is_closed",
        Boolean,
        nullable=False,
        server_default=false(),
        comment="it arrived outside the line's hours",
    ),
    Column("source", Words, comment="where callers have the line's number from"),
    Column("app", Words, nullable=False, comment="the worker"),
    Column("ended_with", Words, comment="who talked to the caller last"),
    Column(
        "is_dropped",
        Boolean,
        nullable=False,
        server_default=false(),
        comment="he was sent on by who talked to him, and nobody talked to him there",
    ),
    Column("dropped_by", Words, comment="who sent him on"),
)
Index("ix_calls_caller_arrived_at", calls.c.caller, calls.c.arrived_at)
Index("ix_calls_client_id_arrived_at", calls.c.client_id, calls.c.arrived_at)
Index(
    "ix_calls_dialled",
    calls.c.line,
    calls.c.arrived_at,
    sqlite_where=text("direction = 'out'"),
    postgresql_where=text("direction = 'out'"),
)
Index(
    "ix_calls_live",
    calls.c.arrived_at,
    sqlite_where=text("outcome IS NULL"),
    postgresql_where=text("outcome IS NULL"),
)


def _of_call() -> tuple[Column[str], Column[int]]:
    return (
        Column("call_id", Words, ForeignKey("calls.id", ondelete="CASCADE"), primary_key=True),
        Column("position", Integer, primary_key=True, autoincrement=False),
    )


call_steps = Table(
    "call_steps",
    metadata,
    *_of_call(),
    Column("step", Integer, nullable=False),
    Column("action", Words, nullable=False),
    Column("target", Words, nullable=False),
    Column("started_at", Moment, nullable=False),
    Column("ended_at", Moment),
    Column("skipped", Words),
    Column("passed", Pairs, comment="JSON: who was considered and not rung, and why"),
)
call_legs = Table(
    "call_legs",
    metadata,
    *_of_call(),
    Column("person", Words),
    Column("phone", Words, nullable=False),
    Column("step", Integer, nullable=False),
    Column("started_at", Moment, nullable=False),
    Column("ringing_at", Moment),
    Column("answered_at", Moment),
    Column("ended_at", Moment),
    Column("result", Words),
)
call_talk = Table(
    "call_talk",
    metadata,
    *_of_call(),
    Column("person", Words),
    Column("started_at", Moment, nullable=False),
    Column("ended_at", Moment),
)
Index("ix_call_steps_target_started_at", call_steps.c.target, call_steps.c.started_at)
Index("ix_call_talk_person_started_at_ended_at", call_talk.c.person, call_talk.c.started_at, call_talk.c.ended_at)

journal = Table(
    "journal",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("call_id", Words, nullable=False),
    Column("at", Moment, nullable=False),
    Column("event", Words, nullable=False, comment="the event's name"),
    Column("record", Words, nullable=False, comment="JSON: the event and its commands"),
    Column("app", Words, nullable=False),
    Column("segment", Words, nullable=False),
    Column("offset", BigInteger, nullable=False, comment="in bytes, where the record begins"),
    UniqueConstraint("app", "segment", "offset"),
)
Index("ix_journal_call_id_id", journal.c.call_id, journal.c.id)
journal_offsets = Table(
    "journal_offsets",
    metadata,
    Column("app", Words, primary_key=True),
    Column("segment", Words, primary_key=True),
    Column("offset", BigInteger, nullable=False, comment="in bytes, up to where the segment is shipped"),
)

workers = Table(
    "workers",
    metadata,
    Column("app", Words, primary_key=True),
    Column("run", Words, nullable=False, comment="the life that has the lease"),
    Column("pbx", Words, nullable=False, comment="Asterisk's entity id"),
    Column("place", Words, nullable=False, comment="host and DATA_DIR"),
    Column("pid", Integer, nullable=False),
    Column("calls", Integer, nullable=False, comment="that it has at the moment"),
    Column("since", Moment, nullable=False),
    Column("beat_at", Moment, nullable=False, comment="by the database's clock; 0: it left in order"),
)

record_files = Table(
    "record_files",
    metadata,
    Column("path", Words, primary_key=True),
    Column("inode", BigInteger, nullable=False),
    Column("offset", BigInteger, nullable=False, comment="in bytes, up to where it is read"),
    Column("before", LargeBinary, nullable=False, comment="the last bytes before the offset"),
)
records = Table(
    "records",
    metadata,
    Column("asterisk_id", Words, primary_key=True, comment="the channel: Asterisk's uniqueid"),
    Column("sequence", BigInteger, primary_key=True, autoincrement=False),
    Column("linked_id", Words, nullable=False),
    Column("channel", Words, nullable=False),
    Column("peer", Words, nullable=False),
    Column("caller", Words, nullable=False),
    Column("disposition", Words, nullable=False),
    Column("started_at", Moment, nullable=False, index=True),
    Column("answered_at", Moment),
    Column("ended_at", Moment, nullable=False),
    Column("line", Words, nullable=False, comment="as dialled; empty: no call to a line"),
    Column("by", Words, nullable=False, comment="fallback, or empty: the router's"),
    Column("end", Words, nullable=False, comment="how the fallback's ladder ran out"),
    Column("step", Integer),
    Column("revision", Integer, comment="of the scheme behind the fallback"),
    Column("dialled", Words, nullable=False, comment="by a phone of ours; empty: no call out"),
    Column(
        "recording", Words, nullable=False, server_default=text("''"), comment="the PBX's, a path; empty: there is none"
    ),
    Column("seen_at", Moment, nullable=False, comment="when it was read"),
    Column("is_open", Boolean, nullable=False, comment="no row has been made of it yet, if one is due"),
)
Index(
    "ix_records_open",
    records.c.seen_at,
    sqlite_where=text("is_open"),
    postgresql_where=text("is_open"),
)

people_states = Table(
    "people_states",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("person", Words, nullable=False),
    Column("kind", Words, nullable=False, comment="pause"),
    Column("reason", Words, nullable=False),
    Column("since", Moment, nullable=False),
    Column("until", Moment, comment="when it ends by itself; NULL: not before it is ended"),
    Column("ended_at", Moment, comment="when it was ended; NULL: open"),
    Column("by", Words, nullable=False, comment="who wanted it: a user of this host, or a phone"),
    Column("ended_by", Words),
)
Index(
    "uq_people_states_open",
    people_states.c.person,
    unique=True,
    sqlite_where=text("ended_at IS NULL"),
    postgresql_where=text("ended_at IS NULL"),
)

tasks = Table(
    "tasks",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("client_id", BigId, ForeignKey("clients.id", ondelete="CASCADE"), nullable=False),
    Column("number", Words, nullable=False, comment="E.164: he was lost with it last"),
    Column("line", Words, nullable=False, comment="on which he was lost last"),
    Column("department", Words),
    Column("lost", Integer, nullable=False, comment="calls, since somebody talked to him"),
    Column("since", Moment, nullable=False, comment="the first of them arrived"),
    Column("last_at", Moment, nullable=False, comment="the last of them arrived"),
    Column("attempts", Integer, nullable=False, comment="calls to him since, in vain"),
    Column("attempted_at", Moment),
    Column("taken_by", Words, comment="the person who calls him back"),
    Column("taken_at", Moment),
    Column("snoozed_until", Moment),
    Column("closed_at", Moment, comment="NULL: open"),
    Column("closed_how", Words, comment="rescued | returned | done"),
    Column("dropped_by", Words, comment="who sent him on when he was lost last; NULL: he was lost otherwise"),
)
Index(
    "uq_tasks_open",
    tasks.c.client_id,
    unique=True,
    sqlite_where=text("closed_at IS NULL"),
    postgresql_where=text("closed_at IS NULL"),
)
Index(
    "ix_tasks_open_number",
    tasks.c.number,
    sqlite_where=text("closed_at IS NULL"),
    postgresql_where=text("closed_at IS NULL"),
)
Index("ix_tasks_client_id_id", tasks.c.client_id, tasks.c.id)
task_history = Table(
    "task_history",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("task_id", BigId, ForeignKey("tasks.id", ondelete="CASCADE"), nullable=False),
    Column("at", Moment, nullable=False),
    Column("what", Words, nullable=False, comment="lost | attempted | taken | snoozed | rescued | returned | done"),
    Column("person", Words, comment="of the company, who took it, called back or talked"),
    Column("by", Words, comment="who said so: a user of this host; NULL: a call did"),
    Column("call_id", Words),
    Column("reason", Words),
    Column("until", Moment),
)
Index("ix_task_history_task_id_id", task_history.c.task_id, task_history.c.id)
Index("ix_task_history_call_id", task_history.c.call_id)
