"""What Asterisk's records tell, written: as many calls as there are in a few statements, each as if it were alone."""

from __future__ import annotations

from collections.abc import Hashable, Sequence, Set as AbstractSet
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import Row, delete, select

from callrouter.core.recorded import AGI, FALLBACK, Recorded
from callrouter.core.words import CallId
from callrouter.routing.caller import STRANGER, Caller
from callrouter.routing.choose import choose
from callrouter.store import callers, cards, notices, outgoing, rows, tasks, told
from callrouter.store.company import Company, company_of
from callrouter.store.outgoing import APP
from callrouter.store.tables import calls

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from callrouter.core.outcome import CallRow
    from callrouter.core.words import PersonId
    from callrouter.routing.caller import Client
    from callrouter.routing.numbers import Number
    from callrouter.routing.values import Line

_One = TypeVar("_One")


@dataclass(frozen=True, slots=True)
class _Due:
    """A channel whose records are due a row, with what is there of it already."""

    of: Recorded
    company: Company
    number: Number
    """The client's: who called, or who was called."""
    line: Line | None
    kept: CallRow | None
    """The router's row."""
    former: Row[Any] | None
    """The row in whose place this one comes."""

    @property
    def wanted(self) -> tuple[str, str | None]:
        """Return by which number the client is known, and for which department."""
        return self.number.e164 or "", None if self.line is None else self.line.department


@dataclass(frozen=True, slots=True)
class _Told:
    """A row to be written, and who gets the client by it."""

    row: CallRow
    is_new: bool
    former: Row[Any] | None
    claimants: tuple[PersonId, ...] = ()
    claim_after: float = 0.0


async def tell(connection: AsyncConnection, found: Sequence[Recorded]) -> tuple[CallRow, ...]:
    """Write the rows that these channels' records are due, or correct those that the router left; return the new ones.

    Everything comes of a client's calls in the order in which they are given, as if each were told by itself.
    """
    due = await _due(connection, found)
    made: list[CallRow] = []
    for some in rounds(due, await _whose(connection, due)):
        made += await _tell(connection, some)
    return tuple(made)


def rounds(due: Sequence[_One], whose: Sequence[AbstractSet[Hashable]]) -> list[list[_One]]:
    """Return these in rounds: whoever is in several of them is in no round twice, and in the rounds in order."""
    found: list[list[_One]] = []
    following: dict[Hashable, int] = {}
    for one, his in zip(due, whose, strict=True):
        at = max((following.get(who, 0) for who in his), default=0)
        following |= dict.fromkeys(his, at + 1)
        found += [[] for _ in range(at + 1 - len(found))]
        found[at].append(one)
    return found


async def _due(connection: AsyncConnection, found: Sequence[Recorded]) -> list[_Due]:
    """Return the channels of which nobody else has made a row, with what is known of each."""
    kept, former = await _there(connection, [one.asterisk_id for one in found])
    companies = {one.last.revision: one for one in found}
    by_revision = {revision: await company_of(connection, revision) for revision in companies}
    due = []
    for one in found:
        company, its = by_revision[one.last.revision], kept.get(one.asterisk_id)
        if not one.line:
            number = company.number(one.last.dialled)
            due.append(_Due(one, company, number, None, None, former.get((one.asterisk_id, True))))
        elif one.is_due or its is None:
            number, before = company.number(one.last.caller), former.get((one.asterisk_id, its is None))
            due.append(_Due(one, company, number, company.line(one.line), its, before))
    return due


async def _there(
    connection: AsyncConnection, ids: Sequence[str]
) -> tuple[dict[str, CallRow], dict[tuple[str, bool], Row[Any]]]:
    """Return the router's rows of these channels, and the first one by channel and whether records made it."""
    query = select(calls).where(calls.c.asterisk_id.in_(ids)).order_by(calls.c.arrived_at)
    first: dict[tuple[str, bool], Row[Any]] = {}
    for one in await connection.execute(query):
        first.setdefault((one.asterisk_id, one.app == APP), one)
    routed = [one for (_, is_ours), one in first.items() if not is_ours]
    return {row.asterisk_id: row for row in await rows.load(connection, routed)} if routed else {}, first


async def _whose(connection: AsyncConnection, due: Sequence[_Due]) -> list[set[Hashable]]:
    """Return for each call what it has in common with others of the same client: numbers, cards, a task.

    Calls out have nothing in common but a client who waits for one, or calls himself: nothing else comes of them.
    """
    numbers = {number for one in due if (number := one.number.e164) is not None}
    cards = await callers.cards_of(connection, numbers)
    waiting = await tasks.waiting(connection, numbers, {card for those in cards.values() for card in those})
    involved: set[Hashable] = {*waiting, *(who for those in waiting.values() for who in those)}
    found = []
    for one in due:
        number = one.number.e164
        his: set[Hashable] = set() if number is None else {number, *cards.get(number, ()), *waiting.get(number, ())}
        if one.kept is not None:
            his |= {one.kept.caller, one.kept.client_id} - {None}
        involved |= his if one.of.line else set()
        found.append(his)
    return [his if one.of.line else his & involved for one, his in zip(due, found, strict=True)]


async def _tell(connection: AsyncConnection, due: Sequence[_Due]) -> list[CallRow]:
    """Write the rows of calls of which no two are of one client; return the new ones."""
    clients = await callers.by_numbers(connection, (one.wanted for one in due if one.number.e164 is not None))
    those = [one for each in due if (one := _told(each, clients.get(each.wanted))) is not None]
    known = await cards.settle(connection, [cards.Ended(one.row, one.claimants, one.claim_after) for one in those])
    whose = list(zip(those, known, strict=True))
    await _write(connection, whose)
    await tasks.review(connection, [(one.row, its.get("client_id", one.row.client_id)) for one, its in whose])
    await notices.ended(connection, [(one.row, its, one.claimants) for one, its in whose])
    return [one.row for one in those if one.is_new]


def _told(due: _Due, client: Client | None) -> _Told | None:
    """Return what is to be written; None: there is nothing to add to what the router or the dialplan has told."""
    one, company, line, kept = due.of, due.company, due.line, due.kept
    if not one.line:
        return _Told(
            _as_before(outgoing.row(company, one, client or STRANGER), due.former), is_new=True, former=due.former
        )
    chosen = None
    if line is not None and company.scheme is not None:  # the fallback knows neither rules nor hours of people
        at = one.started_at if one.last.by == AGI else None
        chosen = choose(company.scheme, line, Caller(due.number, client), at)
    made = told.row(company, one, chosen, due.number, client)
    if kept is not None and kept.routed_by == AGI == one.last.by and kept.outcome is not None:
        return None  # the dialplan has told how it went
    if kept is not None and kept.outcome == "answered" and not (kept.is_dropped and one.last.by == FALLBACK):
        return None
    if kept is None:
        final = _as_before(made, due.former)
    else:
        final = told.went_on(kept, made) if kept.is_dropped else told.corrected(kept, made)
    claimants, after = ((), 0.0) if chosen is None else (chosen.claimants, chosen.claim_after)
    return _Told(final, kept is None, due.former, claimants, after)


async def _write(connection: AsyncConnection, those: Sequence[tuple[_Told, dict[str, Any]]]) -> None:
    """Write the rows with their parts, in the place of those that are there; who got the client by one stays."""
    if former := [one.former.id for one, _ in those if one.former is not None]:
        await connection.execute(delete(calls).where(calls.c.id.in_(former)))
    lines = []
    for one, its in those:
        app, had = (APP, None) if one.former is None else (one.former.app, one.former.claimed_by)
        client = its.get("client_id", one.row.client_id)
        lines.append((one.row, {"app": app, "client_id": client, "claimed_by": its.get("claimed_by") or had}))
    await rows.write(connection, lines)


def _as_before(made: CallRow, former: Row[Any] | None) -> CallRow:
    """Return the row under the id that it has already: the first record of a channel may come after others."""
    return made if former is None else replace(made, id=CallId(former.id))
