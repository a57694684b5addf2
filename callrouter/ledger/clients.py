"""The second ledger: clients who were lost, by number, and what became of each of them.

A client is lost from a lost call on until somebody of the company and he talk, whoever calls whom. What nobody picked
up when we called back is an attempt, not a contact.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from callrouter.ledger.callback import Delay, HoursOf, delay
from callrouter.ledger.figure import share
from callrouter.ledger.tally import SHORT, in_hours, tally, without_short

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from callrouter.core.outcome import CallRow
    from callrouter.ledger.figure import Block, Calls


class Fate(StrEnum):
    """What became of a client after his last lost call."""

    RESCUED = "rescued"
    """Called back, and talked."""
    RETURNED = "returned"
    """Reached us himself."""
    ATTEMPTED = "attempted"
    """Called back, and not reached."""
    IGNORED = "ignored"
    """Nobody tried."""


SETTLED = frozenset({Fate.RESCUED, Fate.RETURNED})


@dataclass(frozen=True, slots=True)
class LostClient:
    """A number with at least one lost call in the period."""

    number: str
    lost: Calls
    """His lost calls since he was talked to before the last of them, oldest first."""
    attempts: Calls
    """Calls to him after the first of these, up to the conversation that settled it."""
    conversation: CallRow | None
    """The first one after the last lost call."""

    @property
    def last(self) -> CallRow:
        """Return his last lost call, which stands for him in every figure."""
        return self.lost[-1]

    @property
    def fate(self) -> Fate:
        """Return what became of him."""
        if self.conversation is not None:
            return Fate.RESCUED if self.conversation.direction == "out" else Fate.RETURNED
        return Fate.ATTEMPTED if self.attempts else Fate.IGNORED


def lost_clients(counted: Iterable[CallRow], known: Iterable[CallRow]) -> tuple[LostClient, ...]:
    """Return the clients who lost a call among those that are counted, in the order of their last ones.

    What became of them is found in all calls in and out that are known.
    """
    lost: defaultdict[str, list[CallRow]] = defaultdict(list)
    for row in counted:
        if row.outcome == "lost" and row.caller is not None:
            lost[row.caller].append(row)
    contacts = _contacts(known, lost)
    found = (_client(number, those, contacts[number]) for number, those in lost.items())
    return tuple(sorted(found, key=lambda client: (client.last.arrived_at, client.number)))


def by_fate(found: Sequence[LostClient]) -> dict[Fate, Calls]:
    """Return the last lost call of each client, by what became of him."""
    return {fate: tuple(client.last for client in found if client.fate is fate) for fate in Fate}


def block(counted: Calls, known: Calls, hours: HoursOf, timezone: str) -> Block:
    """Return the figures of the second ledger: every list has one call for each client, the withheld ones their own."""
    withheld = tally(row for row in counted if row.caller is None)
    found = lost_clients(counted, known)
    return {
        **_rate(counted, found),
        "with_lost_call": tuple(client.last for client in found),
        **{fate.value: calls for fate, calls in by_fate(found).items()},
        "called_back": called_back(found, hours, timezone),
        "without_number": withheld.block,
        "working_hours": _companion(in_hours(counted), known),
        "without_short": {"under_seconds": SHORT, **_companion(without_short(counted), known)},
    }


def _companion(counted: Calls, known: Calls) -> Block:
    return _rate(counted, lost_clients(counted, known))


def _rate(counted: Calls, found: Sequence[LostClient]) -> Block:
    numbers: dict[str, CallRow] = {}
    for row in counted:
        if row.caller is not None:
            numbers.setdefault(row.caller, row)
    lost = tuple(client.last for client in found if client.fate not in SETTLED)
    return {"clients": tuple(numbers.values()), "lost": lost, "lcr": share(len(lost), len(numbers))}


def called_back(found: Sequence[LostClient], hours: HoursOf, timezone: str) -> dict[str, Calls]:
    """Return how soon somebody called back; who came back before anybody did is in none of these."""
    taken = {client.number: delay(client.lost[0], client.attempts[:1], hours, timezone) for client in found}
    waiting = [client for client in found if client.attempts or client.fate is not Fate.RETURNED]
    return {one.value: tuple(client.last for client in waiting if taken[client.number] is one) for one in Delay}


def _contacts(known: Iterable[CallRow], wanted: Mapping[str, object]) -> Mapping[str, list[CallRow]]:
    """Return the ended calls of these numbers and to them, in order."""
    found: defaultdict[str, list[CallRow]] = defaultdict(list)
    for row in sorted(known, key=lambda row: row.arrived_at):
        number = row.line if row.direction == "out" else row.caller
        if number is not None and number in wanted and row.direction in {"in", "out"} and row.outcome is not None:
            found[number].append(row)
    return found


def _client(number: str, lost: list[CallRow], contacts: list[CallRow]) -> LostClient:
    last = max(row.arrived_at for row in lost)
    talked = [row for row in contacts if row.outcome == "answered"]
    before = max((row.arrived_at for row in talked if row.arrived_at < last), default=0.0)
    conversation = next((row for row in talked if row.arrived_at >= last), None)
    since = tuple(sorted((row for row in lost if row.arrived_at > before), key=lambda row: row.arrived_at))
    tried = (row for row in contacts if row.direction == "out" and row.arrived_at > since[0].arrived_at)
    attempts = (row for row in tried if conversation is None or row.arrived_at <= conversation.arrived_at)
    return LostClient(number, since, tuple(attempts), conversation)
