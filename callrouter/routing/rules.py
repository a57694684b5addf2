"""For whom a rule or a step is meant."""

from __future__ import annotations

from typing import TYPE_CHECKING

from callrouter.routing.values import ALWAYS

if TYPE_CHECKING:
    from callrouter.routing.situation import Situation
    from callrouter.routing.values import Condition, Rule

NO_PRIORITY = "none"


def first_rule(situation: Situation) -> Rule | None:
    """Return the first rule that holds for a call."""
    return next((rule for rule in situation.scheme.rules if holds(rule.when, situation)), None)


def holds(wanted: Condition, situation: Situation) -> bool:
    """Return whether every key of a condition that is not empty holds."""
    if wanted is ALWAYS:
        return True
    client, line = situation.client, situation.line
    return (
        _is(wanted.open, so=situation.is_open)
        and _among(wanted.segment, client.segment)
        and _among(wanted.priority, client.priority or NO_PRIORITY)
        and _among(wanted.stage, client.stage)
        and _among(wanted.line, line.listed_as or line.key)
        and _among(wanted.department, line.department)
        and _among(wanted.source, line.source)
        and _is(wanted.known, so=situation.is_known)
        and _is(wanted.has_responsible, so=client.responsible in situation.scheme.people)
        and all(situation.attributes.get(name) in words for name, words in wanted.attributes)
    )


def _among(words: tuple[str, ...], word: str | None) -> bool:
    return not words or word in words


def _is(wanted: bool | None, *, so: bool) -> bool:  # noqa: FBT001 -- three values, not a flag
    return wanted is None or wanted is so
