"""
The outbox: messages, put in the transaction of what they tell of, until each has arrived or is given up.

Delivered at least once. Who delivers a message claims it for a while: if he dies, his claim runs out and another does
it, under the same key, by which a receiver knows the repetition. What is given up stays listed as dead.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from callrouter.store.tables_outbox import outbox

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import ColumnElement, Row
    from sqlalchemy.ext.asyncio import AsyncConnection

    from callrouter.core.words import Instant

WAITING, DELIVERED, DEAD, DROPPED = "waiting", "delivered", "dead", "dropped"
_OF_MESSAGE = ("key", "kind", "to", "subject", "text", "html", "edition_id")
_COLUMNS = [outbox.c[name] for name in ("id", *_OF_MESSAGE, "attempts", "put_at")]


@dataclass(frozen=True, slots=True)
class Message:
    """What is to be said to whom: `mail:ADDRESS`, `hook:URL` or `dir:PATH`."""

    key: str
    """Its id, unique for ever: the same content for the same receiver has the same one, whoever puts it."""
    kind: str
    """What it is about: `export`, `notice`."""
    to: str
    subject: str
    text: str
    html: str | None = None
    edition: int | None = None
    """The id of the edition whose files go with it."""


@dataclass(frozen=True, slots=True)
class Claimed:
    """A message that is ours to deliver, for the `attempts`-th time."""

    id: int
    message: Message
    attempts: int
    put_at: Instant


@dataclass(frozen=True, slots=True)
class Failed:
    """A message that was given up, at `failed_at` the last time; it may have been tried again since."""

    key: str
    kind: str
    to: str
    subject: str
    state: str
    attempts: int
    error: str
    failed_at: Instant


@dataclass(frozen=True, slots=True)
class Listed:
    """A message as it is listed."""

    id: int
    key: str
    kind: str
    to: str
    subject: str
    state: str
    put_at: Instant
    due_at: Instant
    """The next attempt; while it is delivered: when the claim runs out."""
    attempts: int
    error: str | None


@dataclass(frozen=True, slots=True)
class Depth:
    """How much there is to do."""

    waiting: int
    dead: int
    oldest: Instant | None
    """When the oldest message that waits was put; None: nothing waits."""
    due: Instant | None
    """When something is to be tried next, None: nothing is."""


async def put(connection: AsyncConnection, messages: Iterable[Message], now: Instant) -> int:
    """Put messages into the outbox, those that are not there yet; return how many these were."""
    put = 0
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    for one in messages:
        values: dict[str, object] = {"key": one.key, "kind": one.kind, "to": one.to, "subject": one.subject}
        values |= {"text": one.text, "html": one.html, "edition_id": one.edition}
        state = {"put_at": now, "due_at": now, "state": WAITING, "attempts": 0}
        new = insert(outbox).values(**values, **state).on_conflict_do_nothing(index_elements=["key"])
        put += len((await connection.execute(new.returning(outbox.c.id))).all())
    return put


async def claim(connection: AsyncConnection, word: str, now: Instant, until: Instant, most: int) -> tuple[Claimed, ...]:
    """Claim messages that are due, `most` at most, the oldest first; `word` is this sender's own."""
    due = select(outbox.c.id).where(outbox.c.state == WAITING, outbox.c.due_at <= now)
    ids = due.order_by(outbox.c.due_at, outbox.c.id).limit(most).with_for_update(skip_locked=True)
    mine = outbox.c.id.in_((await connection.execute(ids)).scalars().all())
    claimed = update(outbox).where(mine).values(claim=word, due_at=until, attempts=outbox.c.attempts + 1)
    found = (await connection.execute(claimed.returning(*_COLUMNS))).all()
    return tuple(_claimed(one) for one in sorted(found, key=lambda one: one.id))


async def keep(connection: AsyncConnection, word: str, until: Instant) -> None:
    """Keep what this sender has claimed."""
    mine = update(outbox).where(outbox.c.claim == word, outbox.c.state == WAITING)
    await connection.execute(mine.values(due_at=until))


async def delivered(connection: AsyncConnection, message: int, word: str, now: Instant) -> bool:
    """Write down that a message has arrived; return whether it was still ours."""
    return await _settle(connection, message, word, {"state": DELIVERED, "settled_at": now, "error": None})


async def again(connection: AsyncConnection, message: int, word: str, error: str, at: Instant) -> bool:
    """Have a message tried again then; return whether it was still ours."""
    return await _settle(connection, message, word, {"due_at": at, "error": error})


async def give_up(connection: AsyncConnection, message: int, word: str, error: str, now: Instant) -> bool:
    """Put a message on the list of the dead; return whether it was still ours."""
    values = {"state": DEAD, "settled_at": now, "failed_at": now, "error": error}
    return await _settle(connection, message, word, values)


async def failed(connection: AsyncConnection, since: Instant, until: Instant | None = None) -> tuple[Failed, ...]:
    """Return the messages given up in a half-open period, oldest first, whatever has become of them since."""
    period = [outbox.c.failed_at >= since]
    if until is not None:
        period.append(outbox.c.failed_at < until)
    columns = [outbox.c[name] for name in Failed.__slots__]
    query = select(*columns).where(*period).order_by(outbox.c.failed_at, outbox.c.id)
    return tuple(Failed(**one._mapping) for one in await connection.execute(query))  # noqa: SLF001 - SQLAlchemy's way


def _claimed(row: Row[Any]) -> Claimed:
    message = Message(row.key, row.kind, row.to, row.subject, row.text, row.html, row.edition_id)
    return Claimed(row.id, message, row.attempts, row.put_at)


async def _settle(connection: AsyncConnection, message: int, word: str, values: dict[str, Any]) -> bool:
    its: ColumnElement[bool] = outbox.c.id == message
    mine = update(outbox).where(its, outbox.c.claim == word, outbox.c.state == WAITING)
    done = await connection.execute(mine.values({"claim": None} | values))
    return done.rowcount == 1


async def listed(connection: AsyncConnection, states: tuple[str, ...] = (WAITING, DEAD)) -> tuple[Listed, ...]:
    """Return the messages in these states, oldest first."""
    columns = [outbox.c[name] for name in Listed.__slots__]
    query = select(*columns).where(outbox.c.state.in_(states)).order_by(outbox.c.id)
    return tuple(Listed(**one._mapping) for one in await connection.execute(query))  # noqa: SLF001 - SQLAlchemy's way


async def retry(connection: AsyncConnection, message: int, now: Instant) -> bool:
    """Have a message tried anew, from now on; return whether it is one that waits or was given up."""
    values = {"state": WAITING, "settled_at": None, "due_at": now, "attempts": 0, "claim": None}
    return await _decide(connection, message, values)


async def drop(connection: AsyncConnection, message: int, now: Instant) -> bool:
    """Have a message not tried any more; return whether it is one that waits or was given up."""
    return await _decide(connection, message, {"state": DROPPED, "settled_at": now, "claim": None})


async def depth(connection: AsyncConnection) -> Depth:
    """Return how much there is to do."""
    waiting = select(func.count(), func.min(outbox.c.put_at), func.min(outbox.c.due_at))
    count, oldest, due = (await connection.execute(waiting.where(outbox.c.state == WAITING))).one()
    dead = await connection.scalar(select(func.count()).where(outbox.c.state == DEAD))
    return Depth(count, dead or 0, oldest, due)


async def _decide(connection: AsyncConnection, message: int, values: dict[str, Any]) -> bool:
    its = update(outbox).where(outbox.c.id == message, outbox.c.state.in_((WAITING, DEAD)))
    return (await connection.execute(its.values(values))).rowcount == 1
