"""What another document changes for callers: every line, kind of caller and minute of the week, before and after."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from callrouter.routing import availability
from callrouter.routing.arrived import arrived
from callrouter.routing.choose import choose
from callrouter.routing.effects import effects
from callrouter.routing.forecast import Answer, foresee
from callrouter.routing.kinds import clients_of, conditions, kinds
from callrouter.routing.lines import find_line
from callrouter.routing.reach import bare, path_of, reach
from callrouter.routing.values import DEFAULT_LINE
from callrouter.routing.week import ALWAYS, spoken, stretches

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from callrouter.core.words import Instant
    from callrouter.routing.forecast import Forecast
    from callrouter.routing.kinds import Kind
    from callrouter.routing.reach import Path, Reach
    from callrouter.routing.values import Line, Scheme
    from callrouter.routing.week import Week

EVERYBODY = "everybody"
EVERY_LINE = "every line"
Stretch = tuple[float, float]
Said = tuple[str, ...]
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


@dataclass(frozen=True, slots=True)
class Compared:
    """What changes for callers, and the lines for which there was no time."""

    effects: tuple[Effect, ...] = ()
    left_out: tuple[str, ...] = ()


def for_callers(
    before: Scheme, after: Scheme, week: Week, goes_on: Callable[[int, int], bool] = lambda _done, _all: True
) -> Compared:
    """Compare two schemes for every line, kind of caller and minute of the week, as long as it `goes_on`."""
    names = {key: line.name for scheme in (before, after) for key, line in scheme.lines.items()}
    before, after = bare(before), bare(after)
    if before == after:
        return Compared()
    comparison = _Comparison(before, after, week, names)
    classes = list(comparison.classes().values())
    found: list[Effect] = []
    done = 0
    while done < len(classes) and goes_on(done, len(classes)):
        lines = tuple(comparison.name(key) for key in classes[done])
        found.extend(replace(effect, lines=lines) for effect in comparison.of_line(classes[done][0]))
        done += 1
    left_out = tuple(comparison.name(key) for keys in classes[done:] for key in keys)
    return Compared(_merged(found, sum(map(len, classes))), left_out)


class _Side:
    """One scheme in the week, with who and what is there in each of its stretches."""

    def __init__(self, scheme: Scheme, starts: tuple[Instant, ...]) -> None:
        self.scheme = scheme
        self._starts = starts
        self._known: dict[object, tuple[object, ...]] = {}
        self._forecasts: dict[tuple[object, ...], Forecast] = {}

    def line(self, key: str) -> Line | None:
        """Return the line that serves the callers of a line's number."""
        return self.scheme.lines.get(DEFAULT_LINE) if key == DEFAULT_LINE else find_line(self.scheme, key)

    def presence(self, line: Line, reached: Reach) -> Iterator[tuple[object, ...]]:
        """Yield, for each thing that a decision asks of the time, what it is in every stretch of the week."""
        scheme = self.scheme
        yield self._column(availability.calendar_of(scheme, line), partial(availability.is_line_open, scheme, line))
        for one in reached.people:
            yield self._column(one, partial(availability.away, scheme, one))
            if scheme.people[one].absences:
                yield self._column(("deputy", one), partial(availability.deputy, scheme, one))
        for key in reached.departments:
            yield self._column(("duty", key), partial(availability.on_duty, scheme, key))

    def _column(self, key: object, ask: Callable[[Instant], object]) -> tuple[object, ...]:
        if key not in self._known:
            self._known[key] = tuple(ask(at) for at in self._starts)
        return self._known[key]

    def answer(self, line: Line, kind: Kind, at: Instant) -> Answer:
        """Return what happens to a call of this kind; the same ladder climbs the same way."""
        chosen = choose(self.scheme, line, kind.caller, at)
        event = arrived(self.scheme, None, chosen, kind.caller.number, at=0.0, arrived_at=0.0)
        runs_by = tuple(getattr(event, name) for name in _RUNS_BY)
        if runs_by not in self._forecasts:
            self._forecasts[runs_by] = foresee(event)
        return Answer(event, self._forecasts[runs_by])


class _Comparison:
    """Two schemes side by side in one week."""

    def __init__(self, before: Scheme, after: Scheme, week: Week, names: dict[str, str]) -> None:
        self.names = names
        self.before = before
        self.after = after
        self.week = week
        self.kinds = kinds((before, after), week.since)
        self.changed = [one for one in after.people if one in before.people and before.people[one] != after.people[one]]
        switches = {at for one in (before, after) for at in availability.switches(one, week.since, week.until)}
        self.stretches = stretches(week, switches)
        starts = tuple(start for start, _ in self.stretches)
        self.sides = (_Side(before, starts), _Side(after, starts))

    def classes(self) -> dict[object, list[str]]:
        """Return the lines, those together that nothing tells apart; `default` is a line too."""
        schemes = (self.before, self.after)
        by_key = any(condition.line for scheme in schemes for condition in conditions(scheme))
        found: dict[object, list[str]] = {}
        for key in dict.fromkeys([*self.after.lines, *self.before.lines]):
            lines = (side.line(key) for side in self.sides)
            plain = tuple(None if line is None else _plain(line) for line in lines)
            found.setdefault((key if by_key else None, plain), []).append(key)
        return found

    def name(self, key: str) -> str:
        """Return what a line is called."""
        return "every other number" if key == DEFAULT_LINE else self.names[key]

    def of_line(self, key: str) -> Iterator[Effect]:
        """Yield what is other for the callers of a line."""
        old, new = (side.line(key) for side in self.sides)
        if old is None or new is None:
            taken = "is taken by the router" if old is None else "goes to the dialplan's fallback"
            yield Effect((), (EVERYBODY,), ALWAYS, (taken,))
            return
        asked = (*self.kinds, *self._clients(new))
        found: dict[tuple[str, Said], list[str]] = {}
        for paths, alike in self._alike(old, new, asked).items():
            for said, times in self._of_path((old, new), paths, alike[0]).items():
                when = spoken(self.week, times)
                found.setdefault((when, said), []).extend(kind.said for kind in alike)
        for (when, said), callers in found.items():
            yield Effect((), _callers(callers, asked), when, said)

    def _alike(self, old: Line, new: Line, asked: Iterable[Kind]) -> dict[tuple[Path, Path], list[Kind]]:
        """Return the kinds of caller, those together whom the line serves alike before and after."""
        found: dict[tuple[Path, Path], list[Kind]] = {}
        for kind in asked:
            paths = path_of(self.before, old, kind.caller), path_of(self.after, new, kind.caller)
            found.setdefault(paths, []).append(kind)
        return found

    def _of_path(self, lines: tuple[Line, Line], paths: tuple[Path, Path], kind: Kind) -> dict[Said, list[Stretch]]:
        found: dict[Said, list[Stretch]] = {}
        for when in self._times(lines, paths):
            old, new = (side.answer(line, kind, when[0][0]) for side, line in zip(self.sides, lines, strict=True))
            said = effects(old, new)
            if said:
                found.setdefault(said, []).extend(when)
        return found

    def _times(self, lines: tuple[Line, Line], paths: tuple[Path, Path]) -> Iterable[list[Stretch]]:
        """Return the week's stretches, those together in which the same people are there; none: nothing differs."""
        sides = list(zip(self.sides, lines, paths, strict=True))
        reached = [reach(side.scheme, line, path) for side, line, path in sides]
        if reached[0].what == reached[1].what:
            return ()
        there = [side.presence(line, one) for (side, line, _), one in zip(sides, reached, strict=True)]
        found: dict[object, list[Stretch]] = {}
        for stretch, *present in zip(self.stretches, *there[0], *there[1], strict=True):
            found.setdefault(tuple(present), []).append(stretch)
        return found.values()

    def _clients(self, line: Line) -> tuple[Kind, ...]:
        """Return whose clients are looked at: the first member's of the line's department, and whose entry differs."""
        department = None if line.department is None else self.after.departments[line.department]
        people = [*self.changed[:_MOST_CLIENTS], *(department.members[:1] if department else ())]
        return clients_of(dict.fromkeys(one for one in people if one in self.before.people))


def _plain(line: Line) -> Line:
    """Return the line without what is no matter to its callers."""
    return replace(line, key="", e164=None, numbers=(), listed_as=None)


def _callers(callers: list[str], asked: Iterable[Kind]) -> tuple[str, ...]:
    """Return who is meant, in the fewest words."""
    others = [kind.said for kind in asked if kind.said not in callers]
    if not others:
        return (EVERYBODY,)
    return tuple(callers) if len(callers) <= len(others) else (f"{EVERYBODY} but {' and '.join(others)}",)


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
