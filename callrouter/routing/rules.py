"""For whom a rule or a step is meant."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from callrouter.routing.situation import Situation
    from callrouter.routing.values import Condition, Rule


def first_rule(situation: Situation) -> Rule | None:
    """Return the first rule that holds for a call."""
    facts = situation.facts
    for rule in situation.scheme.rules:
        for name, may in rule.when.checks:
            if facts.get(name) not in may:
                break
        else:
            return rule
    return None


def holds(wanted: Condition, situation: Situation) -> bool:
    """Return whether every key of a condition that is not empty holds."""
    for name, may in wanted.checks:  # noqa: SIM110 -- a generator takes longer than most conditions do
        if situation.facts.get(name) not in may:
            return False
    return True
