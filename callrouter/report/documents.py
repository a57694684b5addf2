"""Calls as the contract has them in JSON, made of what is kept: many at once, the same as `ledger.call.document` says.

A date of a busy company has 80,000 steps, legs and stretches of talk: no object is made of any, an instant that stands
in several places is written once, and what all calls have is looked at column by column.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from callrouter.ledger.period import MICRO, rfc3339
from callrouter.ledger.rate import DEFINITION
from callrouter.report.safe import masked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from callrouter.report.night import Calls

OWN = (
    *("id", "line", "department", "caller", "caller_raw", "client", "responsible", "priority", "segment"),
    *("claimed_by", "direction", "arrived_at", "answered_at", "ended_at", "outcome", "lost_reason", "lost_step"),
    *("answered_by", "answered_step", "ended_with", "dropped", "dropped_by", "wait_seconds", "talk_seconds"),
    *("scheme_revision", "routed_by", "recovered", "asterisk_id", "recording"),
)
"""What a call has beside its talk, steps and legs."""
AT_ONCE = 500
"""Calls whose documents are held in memory: all of them need several times the memory of what is written."""
_INSTANTS = ("arrived_at", "answered_at", "ended_at")
_OF_A_PERSON = ("caller", "caller_raw", "client")
_MILLI = 1000
_SECONDS = tuple(f"{number:02}." for number in range(60))
_MILLIS = tuple(f"{number:03}Z" for number in range(_MILLI))
_NOTHING: Sequence[Any] = ()


class Instants(dict[int | None, str | None]):
    """Instants as `rfc3339` writes them, by the microseconds in which they are kept."""

    def __init__(self) -> None:
        """Begin without any."""
        super().__init__({None: None})
        self._minutes: dict[int, str] = {}

    def __missing__(self, micro: int) -> str:
        """Write one that did not come before: a minute is written once, for there are few of them in a date."""
        number, rest = divmod(round(micro / MICRO * _MILLI), 60 * _MILLI)
        minute = self._minutes.get(number)
        if minute is None:
            self._minutes[number] = minute = str(rfc3339(number * 60))[: -len("00.000Z")]
        self[micro] = text = minute + _SECONDS[rest // _MILLI] + _MILLIS[rest % _MILLI]
        return text


def documents(calls: Calls, *, mask: bool) -> Iterator[Documents]:
    """Yield the calls' documents, some at a time."""
    for start in range(0, len(calls), AT_ONCE):
        yield Documents(calls, slice(start, start + AT_ONCE), mask=mask)


class Documents:
    """Some calls of a date; masked, nothing in them says whose number it was."""

    def __init__(self, calls: Calls, some: slice, *, mask: bool) -> None:
        """Look at those of that slice, one at least."""
        self._calls = calls
        self._at = Instants()
        self._phone: Callable[[str], str] = masked if mask else str
        kept = dict(zip(calls.names, zip(*calls.own[some], strict=True), strict=True))
        hidden = {name: _masked(kept[name]) for name in _OF_A_PERSON} if mask else {}
        unsaid = {"recording": (None,) * len(kept["id"])} if mask else {}
        self.kept: Mapping[str, Sequence[Any]] = {
            **kept,
            **_lasted(*(kept[name] for name in _INSTANTS)),
            **hidden,
            **unsaid,
        }
        """Their own values by name, instants as they are kept, and how long callers waited and talked."""

    @cached_property
    def columns(self) -> Mapping[str, Sequence[Any]]:
        """Return their values by name as the contract has them, without talk, steps and legs."""
        return {
            **self.kept,
            **{name: [self._at[micro] for micro in self.kept[name]] for name in _INSTANTS},
            "dropped": self.kept["is_dropped"],
            "definition": (DEFINITION,) * len(self.kept["id"]),
        }

    def whole(self) -> list[dict[str, object]]:
        """Return the documents."""
        calls, found = self._calls, []
        for own in zip(*(self.columns[name] for name in OWN), strict=True):
            made = dict(zip(OWN, own, strict=True))
            made["talk"] = self._talk(calls.talk.get(own[0], _NOTHING))
            made["steps"] = self._steps(calls.steps.get(own[0], _NOTHING))
            made["legs"] = self._legs(calls.legs.get(own[0], _NOTHING))
            found.append(made)
        return found

    def _talk(self, talk: Iterable[Sequence[Any]]) -> list[dict[str, object]]:
        at = self._at
        return [{"person": person, "started_at": at[since], "ended_at": at[until]} for person, since, until in talk]

    def _steps(self, steps: Iterable[Sequence[Any]]) -> list[dict[str, object]]:
        at = self._at
        return [
            {
                "step": step,
                "action": action,
                "target": target,
                "started_at": at[since],
                "ended_at": at[until],
                "skipped": skipped,
            }
            for step, action, target, since, until, skipped, _ in steps
        ]

    def _legs(self, legs: Iterable[Sequence[Any]]) -> list[dict[str, object]]:
        at, shown = self._at, self._phone
        return [
            {
                "person": person,
                "phone": shown(phone),
                "step": step,
                "started_at": at[since],
                "ringing_at": at[rang],
                "answered_at": at[answered],
                "ended_at": at[until],
                "result": result,
            }
            for person, phone, step, since, rang, answered, until, result in legs
        ]


def _lasted(
    arrived: Sequence[int], answered: Sequence[int | None], ended: Sequence[int | None]
) -> dict[str, Sequence[float | None]]:
    """Return how long callers waited and talked, as `ledger.tally` says."""
    until = [end if begin is None else begin for begin, end in zip(answered, ended, strict=True)]
    return {"wait_seconds": list(map(_seconds, arrived, until)), "talk_seconds": list(map(_seconds, answered, ended))}


def _seconds(since: int | None, until: int | None) -> float | None:
    return None if since is None or until is None else (until - since + _MILLI // 2) // _MILLI / _MILLI


def _masked(column: Iterable[str | None]) -> list[str | None]:
    return [None if one is None else masked(one) for one in column]
