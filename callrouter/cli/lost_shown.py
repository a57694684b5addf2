"""Lost clients on the screen and as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from callrouter.cli.show import clean, clock
from callrouter.ledger.period import rfc3339

if TYPE_CHECKING:
    from collections.abc import Sequence

    from callrouter.core.words import PersonId
    from callrouter.routing.values import Scheme
    from callrouter.routing.worklist import LostClient, Waiting
    from callrouter.store.worklist import Entry, LostCall

COLUMNS = ("id", "priority", "client", "number", "line", "waits", "lost", "tried", "rang", "whose", "state")


def called(client: LostClient) -> str:
    """Return how a client is called in a message."""
    return f"{clean(client.name)} {client.number}" if client.name else client.number


def named(person: PersonId | None, scheme: Scheme) -> str:
    """Return a person as the list shows him: his name, and the word that commands take."""
    if person is None:
        return ""
    known = scheme.people.get(person)
    return person if known is None else f"{known.name} ({person})"


def _missed(calls: Sequence[LostCall]) -> list[PersonId]:
    """Return who rang and did not answer."""
    return list(dict.fromkeys(person for call in calls for person in call.missed_by))


def _state(one: Waiting, scheme: Scheme, *, is_unheard: bool) -> str:
    client = one.client
    if client.closed_at is not None:
        return f"{client.closed_how} {clock(client.closed_at, scheme.timezone)}"
    states = [f"dropped in transfer by {named(client.dropped_by, scheme)}"] if client.dropped_by else []
    states += [f"taken by {named(client.taken_by, scheme)}"] if client.taken_by else []
    states += [f"snoozed until {clock(client.snoozed_until, scheme.timezone)}"] if one.is_snoozed else []
    return ", ".join([*(states or ["waits"]), *(["nobody could be told"] if is_unheard else [])])


def cells(one: Waiting, calls: Sequence[LostCall], scheme: Scheme, *, is_unheard: bool) -> list[object]:
    """Return a client as the list shows him."""
    client = one.client
    hours, minutes = divmod(int(one.seconds) // 60, 60)
    rang = ", ".join(named(person, scheme) for person in _missed(calls))
    who: list[object] = [client.task, client.priority, client.name, client.number, client.line]
    done: list[object] = [f"{hours}:{minutes:02}", client.lost, client.attempts, rang]
    return [*who, *done, named(one.whose, scheme), _state(one, scheme, is_unheard=is_unheard)]


def document(one: Waiting, calls: Sequence[LostCall]) -> dict[str, object]:
    """Return a client as JSON."""
    client = one.client
    times = {name: rfc3339(getattr(client, name)) for name in ("since", "last_at", "attempted_at")}
    ends = {name: rfc3339(getattr(client, name)) for name in ("taken_at", "snoozed_until", "closed_at")}
    same = ("number", "priority", "line", "department", "responsible", "lost", "attempts", "taken_by")
    return {
        "id": client.task,
        "client": client.name,
        **{name: getattr(client, name) for name in same},
        "whose": one.whose,
        "dropped_by": client.dropped_by,
        "waits_seconds": round(one.seconds, 3),
        **times,
        **ends,
        "closed_how": client.closed_how,
        "missed_by": _missed(calls),
        "calls": [call.id for call in calls],
    }


def noted(entry: Entry) -> dict[str, object]:
    """Return a line of the history as JSON."""
    return {
        "at": rfc3339(entry.at),
        "what": entry.what,
        "person": entry.person,
        "by": entry.by,
        "call": entry.call,
        "reason": entry.reason,
        "until": rfc3339(entry.until),
    }


def tell(
    one: Waiting, calls: Sequence[LostCall], history: Sequence[Entry], scheme: Scheme, *, is_unheard: bool
) -> None:
    """Print one client with his history."""
    for name, value in zip(COLUMNS, cells(one, calls, scheme, is_unheard=is_unheard), strict=True):
        click.echo(f"{name:10} {clean(value) or '-'}")
    rang = {call.id: call.missed_by for call in calls}
    for entry in history:
        people = [entry.person] if entry.person else rang.get(entry.call, []) if entry.call else []
        who = ", ".join(named(person, scheme) for person in people)
        said = [entry.what, who, entry.reason, f"until {clock(entry.until, scheme.timezone)}" if entry.until else None]
        said += [f"call {entry.call}" if entry.call else None, f"by {entry.by}" if entry.by else None]
        click.echo(f"  {clock(entry.at, scheme.timezone)} {clean(', '.join(one for one in said if one))}")
