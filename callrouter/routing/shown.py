"""The values of a scheme in words, for whoever reads what a document would change."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import fields, is_dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from callrouter.routing.values import Absence, Calendar, Condition, Duty, Rule, SchemeStep, Shift, Span
from callrouter.routing.week import clock, weekly

NEVER_SHOWN = ("id", "key", "e164", "listed_as")
NOTHING = "none"


def shown(value: Any, timezone: str) -> str:
    """Return a value in words; instants are told by this zone's clock."""
    if isinstance(value, bool):
        return "true" if value else "false"
    said = _SAID.get(type(value))
    if said is not None:
        return said(value, timezone)
    return fields_of(value, timezone) if is_dataclass(value) else str(value)


def fields_of(value: Any, timezone: str, *told: str) -> str:
    """Return what of a value is not as usual, but for fields that are told already."""
    usual = {one.name: one.default for one in fields(value)}
    has = ((name, getattr(value, name)) for name in usual if name not in (*NEVER_SHOWN, *told))
    said = (f"{name} {shown(held, timezone)}" for name, held in has if held != usual[name])
    return ", ".join(said) or NOTHING


def _several(values: Iterable[Any], timezone: str) -> str:
    """Words one after the other; what is more than a word is set apart."""
    ordered = sorted(values) if isinstance(values, frozenset) else list(values)
    words = all(isinstance(one, str) for one in ordered)
    return (" " if words else "; ").join(shown(one, timezone) for one in ordered) or NOTHING


def _step(step: SchemeStep, timezone: str) -> str:
    """`ring department 10 s`, and what else is not as usual."""
    length = "to the end" if step.seconds is None else f"{step.seconds:g} s"
    told = ("action", "target", "seconds", "if_busy")
    usual = {one.name: one.default for one in fields(step) if one.name not in told}
    has = ((name, getattr(step, name)) for name in usual)
    more = "".join(f" {name} {shown(held, timezone)}" for name, held in has if held != usual[name])
    return f"{step.action} {step.target} {length}{more}"


def _condition(condition: Condition, timezone: str) -> str:
    plain = fields_of(condition, timezone, "attributes", "checks")
    named = [f"{name} {' '.join(words)}" for name, words in condition.attributes]
    return ", ".join([*([] if plain == NOTHING and named else [plain]), *named])


def _absence(absence: Absence, timezone: str) -> str:
    reason = f" {absence.reason}" if absence.reason else ""
    deputy = f" deputy {absence.deputy}" if absence.deputy else ""
    return f"{_period(absence.since, absence.until, timezone)}{reason}{deputy}"


def _duty(duty: Duty, timezone: str) -> str:
    whose = f" for {duty.department}" if duty.department else ""
    return f"{_period(duty.since, duty.until, timezone)} {' '.join(duty.people)}{whose}"


def _period(since: float, until: float, timezone: str) -> str:
    zone = ZoneInfo(timezone)
    start, end = (datetime.fromtimestamp(at, zone).strftime("%Y-%m-%d %H:%M") for at in (since, until))
    return f"from {start} to before {end}"


def _calendar(calendar: Calendar, timezone: str) -> str:
    rest = fields_of(calendar, timezone, "week", "timezone", "short_by", "days")
    plain = [] if rest == NOTHING else [rest]
    short = [f"short_before_holidays {calendar.short_by}"] if calendar.short_by else []
    days = [f"{day} {clock(spans) or 'closed'}" for day, spans in calendar.days]
    return ", ".join([f"{weekly(calendar.week)} {calendar.timezone}", *plain, *short, *days])


def _rule(rule: Rule, timezone: str) -> str:
    return f"{fields_of(rule, timezone, 'ladder')}, {f'ladder {rule.ladder}' if rule.ladder else 'refuse'}"


def _shift(shift: Shift, _: str) -> str:
    return f"{shift.on}/{shift.off} since {shift.since} {clock((shift.span,))} {shift.timezone}"


_SAID: dict[type, Callable[[Any, str], str]] = {
    type(None): lambda _, __: NOTHING,
    str: lambda text, _: text or NOTHING,
    float: lambda number, _: f"{number:g}",
    tuple: _several,
    frozenset: _several,
    SchemeStep: _step,
    Condition: _condition,
    Absence: _absence,
    Duty: _duty,
    Calendar: _calendar,
    Rule: _rule,
    Shift: _shift,
    Span: lambda span, _: clock((span,)),
}
