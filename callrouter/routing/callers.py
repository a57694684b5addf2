"""What another document changes for callers: every line, kind of caller and minute of the week, before and after."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from callrouter.routing import availability
from callrouter.routing.arrived import arrived
from callrouter.routing.choose import choose
from callrouter.routing.effects import effects
from callrouter.routing.forecast import Answer, foresee
from callrouter.routing.kinds import clients_of, kinds
from callrouter.routing.lines import find_line
from callrouter.routing.reach import reach
from callrouter.routing.values import DEFAULT_LINE
from callrouter.routing.week import ALWAYS, spoken, stretches

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from callrouter.core.words import Instant
    from callrouter.routing.forecast import Forecast
    from callrouter.routing.kinds import Kind
    from callrouter.routing.values import Line, Scheme
    from callrouter.routing.week import Week

EVERYBODY = "everybody"
EVERY_LINE = "every line"
_MOST_CLIENTS = 10
"""People whose entries differ and whose clients are looked at."""
_MOST_NAMED = 6
"""Lines or kinds of caller that are named; of more the number is said."""

_RUNS_BY = ("ladder", "people", "ring_at_most", "prompt", "refusal", "is_closed", "music", "goes_on")
"""What of a decision its forecast follows from."""


@dataclass(frozen=True, slots=True)
class Effect:
    """What is other, for whom and when."""

    lines: tuple[str, ...]
    callers: tuple[str, ...]
    when: str
    said: tuple[str, ...]

    def __str__(self) -> str:
        heads = [_named(self.lines, "lines"), _named(self.callers, "kinds of caller")]
        heads += [] if self.when == ALWAYS else [self.when]
        return f"{', '.join(heads)}: {'; '.join(self.said)}"


def for_callers(
    before: Scheme, after: Scheme, week: Week, told: Callable[[int, int], None] = lambda _done, _all: None
) -> tuple[Effect, ...]:
    """Compare two schemes for every line, kind of caller and minute of the week; `told` hears how far it is."""
    if before == after:
        return ()
    comparison = _Comparison(before, after, week)
    classes = comparison.classes()
    found: list[Effect] = []
    for done, names in enumerate(classes.values()):
        told(done, len(classes))
        lines = tuple(comparison.name(key) for key in names)
        found.extend(replace(effect, lines=lines) for effect in comparison.of_line(names[0]))
    return _merged(found, sum(map(len, classes.values())))


class _Comparison:
    """Two schemes side by side in one week."""

    def __init__(self, before: Scheme, after: Scheme, week: Week) -> None:
        self.before = before
        self.after = after
        self.week = week
        self.kinds = kinds((before, after), week.since)
        self.changed = [one for one in after.people if one in before.people and before.people[one] != after.people[one]]
        self.times = self._times()
        self._forecasts: dict[tuple[object, ...], Forecast] = {}

    def classes(self) -> dict[object, list[str]]:
        """Return the lines, those together that nothing tells apart; `default` is a line too."""
        by_key = any(rule.when.line for scheme in (self.before, self.after) for rule in scheme.rules) or any(
            step.when.line
            for scheme in (self.before, self.after)
            for steps in scheme.ladders.values()
            for step in steps
        )
        found: dict[object, list[str]] = {}
        for key in dict.fromkeys([*self.after.lines, *self.before.lines]):
            lines = (_line(scheme, key) for scheme in (self.before, self.after))
            sides = tuple(None if line is None else _plain(line) for line in lines)
            found.setdefault((key if by_key else None, sides), []).append(key)
        return found

    def name(self, key: str) -> str:
        """Return what a line is called."""
        line = self.after.lines.get(key) or self.before.lines[key]
        return "every other number" if key == DEFAULT_LINE else line.name

    def of_line(self, key: str) -> Iterator[Effect]:
        """Yield what is other for the callers of a line."""
        old, new = _line(self.before, key), _line(self.after, key)
        if old is None or new is None:
            taken = "is taken by the router" if old is None else "goes to the dialplan's fallback"
            yield Effect((), (EVERYBODY,), ALWAYS, (taken,))
            return
        same = reach(self.before, _plain(old)) == reach(self.after, _plain(new))
        asked = self._clients(new) if same else (*self.kinds, *self._clients(new))
        found: dict[tuple[str, tuple[str, ...]], list[str]] = {}
        for kind in asked:
            for said, times in self._of_kind(old, new, kind).items():
                found.setdefault((spoken(self.week, times), said), []).append(kind.said)
        for (when, said), callers in found.items():
            yield Effect((), _callers(callers, () if same else asked), when, said)

    def _of_kind(self, old: Line, new: Line, kind: Kind) -> dict[tuple[str, ...], list[tuple[Instant, Instant]]]:
        found: dict[tuple[str, ...], list[tuple[Instant, Instant]]] = {}
        for when in self.times:
            said = effects(
                self._answer(self.before, old, kind, when[0][0]), self._answer(self.after, new, kind, when[0][0])
            )
            if said:
                found.setdefault(said, []).extend(when)
        return found

    def _answer(self, scheme: Scheme, line: Line, kind: Kind, at: Instant) -> Answer:
        chosen = choose(scheme, line, kind.caller, at)
        event = arrived(scheme, None, chosen, kind.caller.number, at=0.0, arrived_at=0.0)
        runs_by = tuple(getattr(event, name) for name in _RUNS_BY)
        forecast = self._forecasts.get(runs_by)
        if forecast is None:
            forecast = self._forecasts[runs_by] = foresee(event)
        return Answer(event, forecast)

    def _clients(self, line: Line) -> tuple[Kind, ...]:
        """Return whose clients are looked at: the first member's of the line's department, and whose entry differs."""
        department = None if line.department is None else self.after.departments[line.department]
        people = [*self.changed[:_MOST_CLIENTS], *(department.members[:1] if department else ())]
        return clients_of(dict.fromkeys(one for one in people if one in self.before.people))

    def _times(self) -> tuple[list[tuple[Instant, Instant]], ...]:
        """Return the week's stretches, those together in which the same lines are open and the same people there."""
        schemes = (self.before, self.after)
        switches = {at for scheme in schemes for at in availability.switches(scheme, self.week.since, self.week.until)}
        found: dict[object, list[tuple[Instant, Instant]]] = {}
        for stretch in stretches(self.week, switches):
            found.setdefault(tuple(_presence(scheme, stretch[0]) for scheme in schemes), []).append(stretch)
        return tuple(found.values())


def _line(scheme: Scheme, key: str) -> Line | None:
    return scheme.lines.get(DEFAULT_LINE) if key == DEFAULT_LINE else find_line(scheme, key)


def _plain(line: Line) -> Line:
    """Return the line without what is no matter to its callers."""
    return replace(line, key="", e164=None, name="", numbers=(), listed_as=None)


def _presence(scheme: Scheme, at: Instant) -> object:
    """Return who and what is there at an instant: a decision depends on the time by nothing else."""
    away = {person: availability.away(scheme, person, at) for person in scheme.people}
    return (
        tuple(availability.is_line_open(scheme, line, at) for line in scheme.lines.values()),
        tuple(away.values()),
        tuple(availability.deputy(scheme, person, at) for person, why in away.items() if why is not None),
        tuple(availability.on_duty(scheme, key, at) for key in (None, *scheme.departments)),
    )


def _callers(callers: list[str], asked: Iterable[Kind]) -> tuple[str, ...]:
    """Return who is meant, in the fewest words."""
    others = [kind.said for kind in asked if kind.said not in callers]
    if len(callers) < max(len(others), _MOST_NAMED) or not asked:
        return tuple(callers)
    return (EVERYBODY,) if not others else (f"{EVERYBODY} but {' and '.join(others)}",)


def _merged(found: Iterable[Effect], lines: int) -> tuple[Effect, ...]:
    """Say what is the same for several lines once."""
    merged: dict[tuple[object, ...], list[str]] = {}
    for effect in found:
        merged.setdefault((effect.callers, effect.when, effect.said), []).extend(effect.lines)
    return tuple(
        Effect((EVERY_LINE,) if len(names) == lines > 1 else tuple(names), *of)  # type: ignore[arg-type]
        for of, names in merged.items()
    )


def _named(words: tuple[str, ...], what: str) -> str:
    more = len(words) - _MOST_NAMED
    return ", ".join(words[:_MOST_NAMED]) + (f" and {more} more {what}" if more > 0 else "")
