"""What another document would change, in words, and what in it is probably not meant so."""

from __future__ import annotations

from dataclasses import dataclass, fields
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Any

from callrouter.routing.faults import place
from callrouter.routing.values import Company, Scheme, SchemeStep
from callrouter.routing.warnings import warnings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

SECTIONS = ("people", "departments", "ladders", "lines")
_NEVER_SHOWN = ("id", "key", "e164")


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


def plan(before: Scheme | None, after: Scheme) -> Plan:
    """Compare the scheme in force (None: none yet) with another; an unchanged one gives no changes."""
    old = Scheme("", "", Company(), {}, {}, {}, {}, {}) if before is None else before
    return Plan(tuple(_changes(old, after)), tuple(Change(path, said) for path, said in warnings(after)))


def _changes(before: Scheme, after: Scheme) -> Iterator[Change]:
    for name in ("timezone", "country"):
        yield from _value((name,), getattr(before, name), getattr(after, name))
    yield from _fields(("company",), before.company, after.company)
    for section in SECTIONS:
        yield from _entries(section, getattr(before, section), getattr(after, section))


def _entries(section: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Change]:
    for key in dict.fromkeys([*before, *after]):
        at = (section, key)
        if key not in after:
            yield Change(place(*at), f"removed ({_summary(before[key])})")
        elif key not in before:
            yield Change(place(*at), f"new ({_summary(after[key])})")
        elif section == "ladders":
            yield from _steps(at, before[key], after[key])
        else:
            yield from _fields(at, before[key], after[key])


def _fields(at: tuple[str | int, ...], before: Any, after: Any) -> Iterator[Change]:
    for field in fields(before):
        if field.name not in _NEVER_SHOWN:
            yield from _value((*at, field.name), getattr(before, field.name), getattr(after, field.name))


def _value(at: tuple[str | int, ...], before: Any, after: Any) -> Iterator[Change]:
    if before != after:
        yield Change(place(*at), f"{_shown(before)} -> {_shown(after)}")


def _steps(at: tuple[str, str], before: tuple[SchemeStep, ...], after: tuple[SchemeStep, ...]) -> Iterator[Change]:
    """Pair the steps that ring the same, so that a step put in between is one change."""
    had, has = ([(step.action, step.target) for step in steps] for steps in (before, after))
    for kind, start, end, new_start, new_end in SequenceMatcher(None, had, has, autojunk=False).get_opcodes():
        if kind == "equal":
            for old, new in zip(range(start, end), range(new_start, new_end), strict=True):
                yield from _fields((*at, new), before[old], after[new])
            continue
        for old in range(start, end):
            yield Change(place(*at, old), f"removed ({_step(before[old])})")
        for new in range(new_start, new_end):
            yield Change(place(*at, new), f"new ({_step(after[new])})")


def _summary(value: Any) -> str:
    if isinstance(value, tuple):
        return ", ".join(_step(step) for step in value)
    shown = {field.name: getattr(value, field.name) for field in fields(value) if field.name not in _NEVER_SHOWN}
    usual = {field.name: field.default for field in fields(value)}
    return ", ".join(f"{name} {_shown(held)}" for name, held in shown.items() if held != usual[name])


def _step(step: SchemeStep) -> str:
    length = "to the end" if step.seconds is None else f"{step.seconds:g} s"
    return f"{step.action} {step.target} {length}"


def _shown(value: Any) -> str:
    if value is None or value == "":
        return "none"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return " ".join(value)
    return f"{value:g}" if isinstance(value, float) else str(value)
