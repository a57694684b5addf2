"""What happens to one call: its line, its ladder and everybody in it, as they are when it arrives."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from callrouter.core.ladder import Person, Step
from callrouter.core.words import Action, IfBusy, LostReason, PersonId, Why
from callrouter.routing.caller import STRANGER, Client, described, direction
from callrouter.routing.order import NOTHING, UNKNOWN, Asks, Standing, arranged, asking
from callrouter.routing.rules import first_rule, holds
from callrouter.routing.situation import Situation
from callrouter.routing.targets import Targets
from callrouter.routing.values import Order, SchemeStep

if TYPE_CHECKING:
    from collections.abc import Iterator

    from callrouter.core.words import Instant
    from callrouter.routing.caller import Caller
    from callrouter.routing.values import Line, Rule, Scheme

AGAIN = "again"
"""The target of a step that rings everybody of the ladder once more."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """The decision for one call."""

    line: str
    """What the ledger calls the line: as the document writes it; not listed: E.164, or as dialled."""
    department: str | None
    ladder: tuple[Step, ...]
    people: tuple[Person, ...]
    """Everybody the ladder names, each once."""
    prompt: str | None
    ring_at_most: float
    """Seconds after arrival at which a last step without seconds ends."""
    claimants: tuple[PersonId, ...]
    """Who gets a client without a responsible by talking to him."""
    claim_after: float
    """Seconds of talk from which a claimant gets the client."""
    client: Client = STRANGER
    """Who calls, with all that is known of him."""
    direction: str = "in"
    refusal: LostReason | None = None
    """The call is not to be routed."""
    rule: str | None = None
    """The rule that chose the ladder; None: the line itself."""
    ladder_name: str | None = None
    source: str | None = None
    is_closed: bool = False
    music: str | None = None
    goes_on: str | None = None
    asks: Asks = NOTHING


def choose(scheme: Scheme, line: Line, caller: Caller, at: Instant | None, standing: Standing = UNKNOWN) -> Chosen:
    """Return what happens to a call that arrives now at a line that `find_line` gave.

    Without an instant (`at`) it is the ladder as it is without rules, always open, nobody away.
    """
    kind = direction(scheme, caller.number)
    situation = Situation(scheme, line, described(scheme, caller, kind), caller.last, at, standing)
    rule = None if at is None else first_rule(situation)
    if at is not None and (kind == "blocked" or (rule is not None and rule.ladder is None)):
        return replace(_frame(situation, kind, rule), refusal=LostReason.REJECTED)
    chosen = _frame(situation, kind, rule)
    ladder, asks = _ladder(situation, chosen)
    named = dict.fromkeys(person for step in ladder for person in step.people)
    return replace(chosen, ladder=ladder, people=tuple(_person(situation, one) for one in named), asks=asks)


def _person(situation: Situation, person: PersonId) -> Person:
    """Return somebody as a call knows him."""
    found = situation.scheme.people[person]
    wrap_up = situation.scheme.company.wrap_up if found.wrap_up is None else found.wrap_up
    return Person(found.id, found.name, found.phones, found.confirm, situation.away(person), wrap_up)


def _frame(situation: Situation, kind: str, rule: Rule | None) -> Chosen:
    """Return the decision but for its ladder."""
    scheme, line = situation.scheme, situation.line
    is_closed = not situation.is_open and rule is None
    served = line.closed.ladder if is_closed else line.ladder
    return Chosen(
        line=line.key,
        department=line.department,
        ladder=(),
        people=(),
        prompt=line.closed.prompt if is_closed else line.prompt,
        ring_at_most=scheme.company.ring_at_most,
        claimants=scheme.claimants[line.department],
        claim_after=scheme.company.claim_after,
        client=situation.client,
        direction=kind,
        rule=None if rule is None else rule.key,
        ladder_name=served if rule is None else rule.ladder,
        source=line.source,
        is_closed=is_closed,
        music=line.music,
        goes_on=line.at_end.context if situation.is_open else None,
    )


def _ladder(situation: Situation, chosen: Chosen) -> tuple[tuple[Step, ...], Asks]:
    line, most = situation.line, chosen.ring_at_most
    written = tuple(_written(situation, chosen))
    targets = Targets(situation)
    steps: list[Step] = []
    asks = NOTHING
    for step in written:
        if not holds(step.when, situation):
            steps.append(_step(step, (), Why.NOT_MEANT))
            continue
        meant = targets.find(step)
        asks = asking(asks, step, meant.people, situation)
        made = _step(step, arranged(step, meant.people, situation), meant.nobody)
        steps.append(replace(made, deputies=meant.deputies) if meant.deputies else made)
    people = tuple(dict.fromkeys(person for step in steps for person in step.people))
    if line.at_end.again and situation.is_open and people:
        steps.append(Step(Action.RING, AGAIN, people, line.at_end.seconds, IfBusy.WAIT))
    return tuple(_bounded(steps, most)), asks


def _written(situation: Situation, chosen: Chosen) -> Iterator[SchemeStep]:
    """Yield the steps as the document has them: whose direct line it is first, what the line's end adds last."""
    scheme, line = situation.scheme, situation.line
    if line.person is not None and situation.is_open:
        yield SchemeStep(Action.RING, f"person:{line.person}", line.person_seconds, IfBusy.SKIP)
    if chosen.ladder_name is not None:
        yield from scheme.ladders[chosen.ladder_name]
    if line.at_end.ladder is not None and situation.is_open:
        yield from scheme.ladders[line.at_end.ladder]


def _step(step: SchemeStep, people: tuple[PersonId, ...], nobody: Why | None) -> Step:
    is_ordered = step.order is not Order.ALL
    return Step(
        step.action,
        step.target,
        people,
        step.seconds,
        step.if_busy,
        nobody,
        at_once=1 if is_ordered and step.at_once is None else step.at_once,
        each=step.each,
        announce=step.announce,
        announce_away=step.announce_away,
        announce_busy=step.announce_busy,
    )


def _bounded(steps: list[Step], most: float) -> Iterator[Step]:
    """A ladder's last step may have no seconds; where another follows it lasts what is left of `ring_at_most`."""
    before = 0.0
    for number, step in enumerate(steps, start=1):
        bounded = step
        if step.seconds is None and number < len(steps):
            bounded = replace(step, seconds=max(most - before, 1.0))
        before += bounded.seconds or 0.0
        yield bounded
