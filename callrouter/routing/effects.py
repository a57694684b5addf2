"""What differs for a caller between two forecasts, in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from callrouter.core.story import plain
from callrouter.core.words import LostReason

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from callrouter.core.words import PersonId
    from callrouter.routing.forecast import Answer

_MEANT = {
    "responsible": "the responsible",
    "last": "who talked to him last",
    "department": "the department",
    "on_duty": "who is on duty",
    "segment": "the specialists of the segment",
    "head": "the head",
    "higher": "the superior",
    "owner": "the owner",
}
_SHOWN = 5
"""People who are named; of more the number is said."""


@dataclass(frozen=True, slots=True)
class Reached:
    """How somebody is reached: by which step first, after how many seconds, and for how long in all."""

    target: str
    at: float
    seconds: float


def effects(before: Answer, after: Answer) -> tuple[str, ...]:
    """Return what is other for the caller, the gravest first; nothing where he notices no difference."""
    return tuple(_effects(before, after)) if before != after else ()


def _effects(before: Answer, after: Answer) -> Iterator[str]:
    was_refused, is_refused = (one.forecast.lost is LostReason.REJECTED for one in (before, after))
    if is_refused != was_refused:
        yield "is refused" if is_refused else "is no longer refused"
    had, has = reached(before), reached(after)
    is_other = before.arrived.is_closed != after.arrived.is_closed and not is_refused
    if is_other:
        yield _state(after)
    if had and not has:
        yield "no longer reaches anybody"
        yield from _heard(before, after)
        return
    if is_other:  # another ladder altogether: its name says more than whom it reaches when
        return
    yield from _said("no longer reaches {}", {one: how.target for one, how in had.items() if one not in has})
    for one in dict.fromkeys(has[person].at for person in has if person not in had):
        gained = {person: how.target for person, how in has.items() if person not in had and how.at == one}
        yield from _said(f"now reaches {{}} {_after(one)}", gained)
    yield from _moved(had, has)
    yield from _ending(before, after, is_told=is_refused != was_refused)


def _state(answer: Answer) -> str:
    state = "closed" if answer.arrived.is_closed else "open"
    ladder = answer.arrived.ladder_name
    return f"finds the line {state}, {'no ladder' if ladder is None else f'ladder {ladder}'}"


def reached(answer: Answer) -> dict[PersonId, Reached]:
    """Return everybody whom the call rings, in order."""
    found: dict[PersonId, Reached] = {}
    ends: dict[PersonId, float] = {}
    for stage in answer.forecast.steps:
        for rung in stage.rings:
            until = answer.forecast.ends_at if rung.until is None else rung.until
            more = max(until - max(rung.at, ends.get(rung.person, 0.0)), 0.0)
            first = found.get(rung.person, Reached(stage.target, rung.at, 0.0))
            found[rung.person] = Reached(first.target, first.at, round(first.seconds + more, 3))
            ends[rung.person] = max(until, ends.get(rung.person, 0.0))
    return found


def _moved(had: Mapping[PersonId, Reached], has: Mapping[PersonId, Reached]) -> Iterator[str]:
    """Who is reached as before, but at another time, or for longer or shorter."""
    groups: dict[str, dict[PersonId, str]] = {}
    for person in [one for one in has if one in had]:
        old, new = had[person], has[person]
        if old.at != new.at:
            said = f"reaches {{}} {_after(new.at)}, not {_after(old.at)}"
        elif old.seconds != new.seconds:
            said = f"rings {{}} for {new.seconds:g} s, not {old.seconds:g} s"
        else:
            continue
        groups.setdefault(said, {})[person] = new.target
    for said, people in groups.items():
        yield from _said(said, people)


def _ending(before: Answer, after: Answer, *, is_told: bool) -> Iterator[str]:
    """How the ladder ends; a refusal says that by itself."""
    old, new = before.forecast, after.forecast
    if old.ends_at != new.ends_at and not is_told:
        yield f"waits for {new.ends_at:g} s at the most, not {old.ends_at:g} s"
    if old.lost is not new.lost and old.lost and new.lost and not is_told:
        yield f"is lost as {plain(new.lost)}, not as {plain(old.lost)}"
    yield from _heard(before, after)


def _heard(before: Answer, after: Answer) -> Iterator[str]:
    """What he hears, and where he goes on."""
    was, becomes = before.arrived, after.arrived
    if was.prompt != becomes.prompt:
        yield f"hears {becomes.prompt or 'nothing'} at the end, not {was.prompt or 'nothing'}"
    if was.music != becomes.music:
        yield f"hears {becomes.music or 'ringing'}, not {was.music or 'ringing'}"
    for heard in sorted({*before.forecast.hears} ^ {*after.forecast.hears}):
        yield f"{'hears' if heard in after.forecast.hears else 'no longer hears'} {heard[1]} {_after(heard[0])}"
    if was.goes_on != becomes.goes_on:
        yield f"goes on in {becomes.goes_on}" if becomes.goes_on else f"no longer goes on in {was.goes_on}"


def _after(seconds: float) -> str:
    return f"after {round(seconds, 3):g} s" if seconds else "at once"


def _said(sentence: str, people: Mapping[PersonId, str]) -> Iterator[str]:
    """Say it once for each step that means some of these people."""
    for target in dict.fromkeys(people.values()):
        named = [one for one, of in people.items() if of == target]
        yield sentence.format(f"{meant(target)}{_names(target, named)}")


def meant(target: str) -> str:
    """Return the words of a step's target: `the head`, `anna`, `the responsible or the department`."""
    said = []
    for word in target.split(", "):
        kind, _, key = word.partition(":")
        said.append(_MEANT.get(word) or (key if kind == "person" else f"the {kind} {key}"))
    return " or ".join(said)


def _names(target: str, people: Iterable[PersonId]) -> str:
    named = list(people)
    if target == f"person:{named[0]}":
        return ""
    more = f" and {len(named) - _SHOWN} more" if len(named) > _SHOWN else ""
    return f" ({', '.join(named[:_SHOWN])}{more})"
