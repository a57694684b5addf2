"""What happens to a call, as a document says it: conditions, the steps of ladders, rules."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from callrouter.core.words import Action, IfBusy
from callrouter.routing.document import words
from callrouter.routing.document_calls import MOST_STEPS, WORDS, ConditionPart, RulePart, StepPart
from callrouter.routing.faults import closest, quoted
from callrouter.routing.values import ALWAYS, Condition, Order, Rule, SchemeStep

if TYPE_CHECKING:
    from collections.abc import Iterator

    from callrouter.routing.source import Source

_GROUPS = ("department", "on_duty", "segment")
_SLIP = 0.87
"""How near to a key of ours an attribute's name is taken for a slip."""


def ladders(source: Source) -> dict[str, tuple[SchemeStep, ...]]:
    """Return the ladders by key."""
    found: dict[str, tuple[SchemeStep, ...]] = {}
    for key, value in source.entries("ladders"):
        if not isinstance(value, list):
            source.wrong("must be a list of steps, in brackets", "ladders", key)
            continue
        if not 1 <= len(value) <= MOST_STEPS:
            source.wrong(f"a ladder has 1 to {MOST_STEPS} steps, this one has {len(value)}", "ladders", key)
        steps = [_step(source, step, key, number, len(value)) for number, step in enumerate(value)]
        found[key] = tuple(step for step in steps if step is not None)
    return found


def rules(source: Source) -> tuple[Rule, ...]:
    """Return the rules in order."""
    found: list[Rule] = []
    names: set[str] = set()
    for number, part in source.listed("rules", RulePart):
        if part.name in names:
            source.wrong(f"{quoted(part.name)} is the name of a rule before", "rules", number, "name")
        names.add(part.name)
        source.refer(part.ladder, "ladders", "rules", number, "ladder")
        found.append(Rule(part.name, condition(source, part.when, "rules", number, "when"), part.ladder))
    return tuple(found)


def condition(source: Source, part: ConditionPart | None, *at: str | int) -> Condition:
    """Return for whom a rule or step is meant; what it names must exist."""
    if part is None:
        return ALWAYS
    for section, name in (("segments", "segment"), ("lines", "line"), ("departments", "department")):
        value = getattr(part, name)
        for number, word in enumerate(words(value)):
            source.refer(word, section, *at, name, *([number] if isinstance(value, list) else []))
    _check_sources(source, words(part.source), *at, "source")
    attributes: dict[str, Any] = part.__pydantic_extra__
    for key in attributes:
        near = get_close_matches(key, ConditionPart.model_fields, n=1, cutoff=_SLIP)
        if near:
            source.wrong("there is no such key", *at, key, meant=near[0])
    return Condition(
        priority=words(part.priority),
        segment=words(part.segment),
        stage=words(part.stage),
        line=words(part.line),
        department=words(part.department),
        source=words(part.source),
        attributes=tuple((key, words(value)) for key, value in attributes.items()),
        known=part.known,
        has_responsible=part.responsible,
        open=part.open,
    )


def _step(source: Source, value: Any, ladder: str, number: int, count: int) -> SchemeStep | None:
    at = ("ladders", ladder, number)
    part = source.part(StepPart, value, *at)
    if part is None:
        return None
    action = Action.ADD if part.ring is None else Action.RING
    targets = _targets(source, part, *at, action.value)
    if part.seconds is None and number + 1 < count:
        source.wrong("is missing: only the last step may leave it out", *at, "seconds")
    if part.days is not None and "last" not in targets:
        source.wrong('is meant for the step "last" only', *at, "days")
    if part.each is not None and part.order == "all" and part.at_once is None:
        source.wrong('needs "at_once", or an "order" other than "all"', *at, "each")
    groups = all(target.partition(":")[0] in _GROUPS for target in targets)
    usual = IfBusy.WAIT if groups else IfBusy.SKIP
    return SchemeStep(
        action=action,
        target=", ".join(targets),
        seconds=part.seconds,
        if_busy=usual if part.if_busy is None else IfBusy(part.if_busy),
        order=Order(part.order),
        each=part.each,
        at_once=1 if part.at_once is None and part.order != "all" else part.at_once,
        days=30 if part.days is None else part.days,
        when=condition(source, part.when, *at, "when"),
        announce=part.announce,
        announce_away=part.announce_away,
        announce_busy=part.announce_busy,
    )


def _targets(source: Source, part: StepPart, *at: str | int) -> tuple[str, ...]:
    value = part.ring or part.add or ""
    targets = words(value)
    for number, target in enumerate(targets):
        where = (*at, number) if isinstance(value, list) else at
        if target in targets[:number]:
            source.wrong(f"{quoted(target)} is listed twice", *where)
        _target(source, target, *where)
    return targets


def _target(source: Source, target: str, *at: str | int) -> None:
    word, colon, key = target.partition(":")
    if colon and word in ("person", "department"):
        source.refer(key, "people" if word == "person" else "departments", *at)
    elif target not in WORDS:
        known = [*WORDS, *_named(source)]
        meant = closest(target, known) or (f"person:{target}" if f"person:{target}" in known else None)
        source.wrong(f"a step rings {', '.join(WORDS)}, department:KEY or person:KEY", *at, meant=meant)
    elif target == "owner" and not has_owner(source):
        source.wrong("there is no company.owner", *at)


def _named(source: Source) -> Iterator[str]:
    yield from (f"person:{key}" for key in source.keys("people"))
    yield from (f"department:{key}" for key in source.keys("departments"))


def has_owner(source: Source) -> bool:
    """Whether the company names its owner; a table of the wrong kind is a fault of its own."""
    company = source.content.get("company", {})
    return not isinstance(company, dict) or "owner" in company


def _check_sources(source: Source, named: tuple[str, ...], *at: str | int) -> None:
    lines = source.content.get("lines", {})
    if not isinstance(lines, dict):
        return
    written = (line.get("source") for line in lines.values() if isinstance(line, dict))
    known = {name for name in written if isinstance(name, str)}
    for word in named:
        if word not in known:
            source.wrong(f"no line has the source {quoted(word)}", *at, meant=closest(word, known))
