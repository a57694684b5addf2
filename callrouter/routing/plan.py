"""What another document would change, in words, and what in it is probably not meant so."""

from __future__ import annotations

from dataclasses import dataclass, fields
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Any

from callrouter.routing.faults import place
from callrouter.routing.shown import NEVER_SHOWN, shown
from callrouter.routing.values import Calendar, Company, Scheme, SchemeStep
from callrouter.routing.warnings import warnings

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from callrouter.routing.week import Week

SECTIONS = ("calendars", "people", "departments", "segments", "ladders", "lines")
_EMPTY = Scheme("", "", Company(), {}, {}, {}, {}, {})


@dataclass(frozen=True, slots=True)
class Change:
    """One difference: where in the document, and what happens there."""

    path: str
    said: str

    def __str__(self) -> str:
        return f"{self.path}: {self.said}"


@dataclass(frozen=True, slots=True)
class Plan:
    """What applying a document would do."""

    changes: tuple[Change, ...]
    warnings: tuple[Change, ...]


def plan(before: Scheme | None, after: Scheme, week: Week) -> Plan:
    """Compare the scheme in force (None: none yet) with another; an unchanged one gives no changes."""
    odd = tuple(Change(path, said) for path, said in warnings(after, week))
    return Plan(tuple(_Difference(before or _EMPTY, after).changes()), odd)


class _Difference:
    """Two documents side by side, told by the clock of the new one."""

    def __init__(self, before: Scheme, after: Scheme) -> None:
        self.before = before
        self.after = after

    def changes(self) -> Iterator[Change]:
        before, after = self.before, self.after
        for name in ("timezone", "country"):
            yield from self._value((name,), getattr(before, name), getattr(after, name))
        yield from self._fields(("company",), before.company, after.company)
        yield from self._fields(("notices",), before.notices, after.notices)
        yield from self._fields(("retention",), before.retention, after.retention)
        yield from self._fields(("report",), before.report, after.report)
        for section in SECTIONS:
            yield from self._entries(section, getattr(before, section), getattr(after, section))
        yield from self._rules()
        yield from self._entries("prefixes", _by_prefix(before), _by_prefix(after))
        yield from self._listed("duty", before.duties, after.duties)
        yield from self._listed("numbers.blocked", sorted(before.blocked), sorted(after.blocked))
        yield from self._entries("numbers.not_client", before.not_clients, after.not_clients)

    def _rules(self) -> Iterator[Change]:
        """The first rule that holds is taken: their order is part of what they say."""
        old, new = ({rule.key: rule for rule in scheme.rules} for scheme in (self.before, self.after))
        yield from self._entries("rules", old, new)
        kept = [key for key in new if key in old]
        yield from self._value(("rules", "order"), tuple(key for key in old if key in new), tuple(kept))

    def _entries(self, section: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Change]:
        for key in dict.fromkeys([*before, *after]):
            at = (*section.split("."), key)
            if key not in after:
                yield Change(place(*at), f"removed ({self._summary(before[key])})")
            elif key not in before:
                yield Change(place(*at), f"new ({self._summary(after[key])})")
            elif section == "ladders":
                yield from self._steps(at, before[key], after[key])
            elif isinstance(after[key], str | tuple | Calendar):
                yield from self._value(at, before[key], after[key])
            else:
                yield from self._fields(at, before[key], after[key])

    def _listed(self, section: str, before: Iterable[Any], after: Iterable[Any]) -> Iterator[Change]:
        had, has = list(before), list(after)
        for one in dict.fromkeys([*had, *has]):
            if (one in had) != (one in has):
                yield Change(section, f"{'removed' if one in had else 'new'} ({self._shown(one)})")

    def _fields(self, at: tuple[str | int, ...], before: Any, after: Any) -> Iterator[Change]:
        for field in fields(before):
            if field.name not in NEVER_SHOWN:
                yield from self._value((*at, field.name), getattr(before, field.name), getattr(after, field.name))

    def _value(self, at: tuple[str | int, ...], before: Any, after: Any) -> Iterator[Change]:
        if before != after:
            yield Change(place(*at), f"{self._shown(before)} -> {self._shown(after)}")

    def _steps(
        self, at: tuple[str, ...], before: tuple[SchemeStep, ...], after: tuple[SchemeStep, ...]
    ) -> Iterator[Change]:
        """Pair the steps that ring the same, so that a step put in between is one change."""
        had, has = ([(step.action, step.target) for step in steps] for steps in (before, after))
        for kind, start, end, new_start, new_end in SequenceMatcher(None, had, has, autojunk=False).get_opcodes():
            if kind == "equal":
                for old, new in zip(range(start, end), range(new_start, new_end), strict=True):
                    yield from self._fields((*at, new), before[old], after[new])
                continue
            for old in range(start, end):
                yield Change(place(*at, old), f"removed ({self._shown(before[old])})")
            for new in range(new_start, new_end):
                yield Change(place(*at, new), f"new ({self._shown(after[new])})")

    def _summary(self, value: Any) -> str:
        if isinstance(value, tuple) and value and isinstance(value[0], SchemeStep):
            return ", ".join(self._shown(step) for step in value)
        return self._shown(value)

    def _shown(self, value: Any) -> str:
        return shown(value, self.after.timezone)


def _by_prefix(scheme: Scheme) -> dict[str, object]:
    return {one.prefix: one for one in scheme.prefixes}
