"""Counts as figures by their names in the contract: what `ledger/` prints of calls, of what SQL has counted."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from callrouter.core.words import LostReason
from callrouter.ledger import escalation, talk
from callrouter.ledger.figure import seconds, share
from callrouter.ledger.groups import By
from callrouter.ledger.period import MICRO, rfc3339
from callrouter.ledger.rate import DEFINITION
from callrouter.ledger.service import LEVELS
from callrouter.ledger.tally import SHORT
from callrouter.store.counts import NOTHING, Counts, in_order, tally

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from callrouter.ledger.period import Period
    from callrouter.store.counts import Key, Keys

_HOURS = 100
"""An hour of the week is a weekday times this, and an hour."""


def rate(counts: Counts, period: Period, by: By | None) -> dict[str, object]:
    """Return the headline, its companions and its groups."""
    every, reasons = counts.one("all"), counts.of("by_reason")
    return {
        "definition": DEFINITION,
        "from": rfc3339(period.start),
        "to": rfc3339(period.end),
        "timezone": period.timezone,
        **tally(every),
        "lost_by_reason": {one.value: reasons.get(one.value, NOTHING)[2] for one in LostReason},
        "working_hours": tally(every, counts.one("closed")),
        "without_short": {"under_seconds": SHORT, **tally(every, counts.one("short"))},
        "clients": None,
        "groups": [] if by is None else [{"key": key, **tally(found)} for key, found in _groups(counts, by)],
    }


def compared(counts: Counts, period: Period) -> dict[str, object]:
    """Return what a period is compared with."""
    every = counts.one("all")
    return {
        "from": rfc3339(period.start),
        "to": rfc3339(period.end),
        **tally(every),
        "working_hours": tally(every, counts.one("closed")),
    }


def rest(counts: Counts) -> dict[str, object]:
    """Return how soon calls were answered, by which step, by whom, who talked for how long, and when they came."""
    calls, answered, _, *_ = counts.one("all")
    return {
        "phantom": counts.one("phantom")[0],
        "service_level": [
            {"key": within, "answered": quick, "share": share(quick, calls)}
            for within, quick in zip(LEVELS, counts.one("levels"), strict=False)
        ],
        "asa_seconds": _average(counts.one("waited")[0] * (MICRO // 1000), answered),
        "steps": _steps(counts),
        "people": _people(counts),
        "talk": _talk(counts.of("talk"), sum(one[0] for one in counts.of("talked").values()), counts.of("talked")),
        "hours_of_the_week": [
            {"key": f"{day}-{hour:02}", "weekday": day, "hour": hour, **tally(found)}
            for (day, hour), found in sorted((divmod(int(str(key)), _HOURS), found) for key, found in _week(counts))
        ],
    }


def escalations(counts: Counts) -> dict[str, object]:
    """Return escalations by kind and person, without their list."""
    kinds, silent, away = (counts.of(part) for part in ("escalations", "silent", "away"))
    return {
        "calls": sum(one[0] for one in kinds.values()),
        "goal": escalation.GOAL,
        **{kind.value: counts.one("escalations", kind.value)[0] for kind in escalation.Kind},
        "people": [
            {"key": key, "silent": counts.one("silent", key)[0], "away": counts.one("away", key)[0]}
            for key in in_order({*silent, *away})
        ],
    }


def _groups(counts: Counts, by: By) -> Iterable[tuple[Keys, Sequence[int]]]:
    """Return the groups in the order of their keys; those of the clock are made of hours and days."""
    of_the_clock: dict[By, Callable[[Keys], Key]] = {
        By.HOUR: _hour,
        By.DAY: str,
        By.WEEK: _iso_week,
        By.MONTH: _month,
    }
    if by not in of_the_clock:
        found = counts.of(f"by_{by.value}")
        return [(key, found[key]) for key in in_order(found)]
    made = Counts()
    for key, numbers in counts.of("week" if by is By.HOUR else "day").items():
        made.add("", of_the_clock[by](key), numbers)
    return [(key, made.of("")[key]) for key in in_order(made.of(""))]


def _hour(key: Keys) -> Key:
    return int(str(key)) % _HOURS


def _iso_week(key: Keys) -> Key:
    return f"{date.fromisoformat(str(key)):%G-W%V}"


def _month(key: Keys) -> Key:
    return str(key)[:7]


def _week(counts: Counts) -> Iterable[tuple[Keys, Sequence[int]]]:
    return counts.of("week").items()


def _steps(counts: Counts) -> list[dict[str, object]]:
    reached, answered = counts.of("steps"), counts.of("answered_step")
    return [_step(counts, key) for key in in_order({*reached, *answered})]


def _step(counts: Counts, key: Keys) -> dict[str, object]:
    reached, skipped, began, lasted, ended = counts.one("steps", key)
    answered = counts.one("answered_step", key)[0]
    return {
        "key": key,
        "targets": ", ".join(
            sorted(str(one[1]) for one in counts.of("targets") if isinstance(one, tuple) and one[0] == key)
        ),
        "reached": reached,
        "skipped": skipped,
        "answered": answered,
        "share": share(answered, began),
        "added_seconds": seconds([lasted]),
        "added_on_average": _average(lasted, ended),
    }


def _people(counts: Counts) -> list[dict[str, object]]:
    talked: dict[Keys, dict[Keys, Sequence[int]]] = {}
    for key, numbers in counts.of("talk").items():
        assert isinstance(key, tuple)
        talked.setdefault(key[0], {})[key] = numbers
    return [
        {
            "key": key,
            "answered": counts.one("answered_by", key)[0],
            "missed": counts.one("missed", key)[0],
            "talk": _talk(spoken := talked.get(key, {}), sum(one[0] for one in spoken.values())),
        }
        for key in in_order({*counts.of("answered_by"), *counts.of("missed"), *talked})
    ]


def _talk(
    spoken: Mapping[Keys, Sequence[int]], calls: int, by_priority: Mapping[Keys, Sequence[int]] | None = None
) -> dict[str, object]:
    """Return the talk of some people by priority; calls in which two of them talked are once in `by_priority`."""
    parts: dict[Keys, list[Sequence[int]]] = {}
    for key, numbers in spoken.items():
        assert isinstance(key, tuple)
        parts.setdefault(key[1], []).append(numbers)
    rated = seconds(one[1] + one[2] for key in talk.GOAL for one in parts.get(key, ()))
    keys = [*talk.GOAL, *(key for key in in_order(parts) if key not in talk.GOAL)]
    counted = {key: sum(one[0] for one in those) for key, those in parts.items()}
    if by_priority is not None:
        counted = {key: by_priority[key][0] for key in parts}
    return {
        **_block(calls, [one for those in parts.values() for one in those]),
        "by_priority": [_priority(key, counted.get(key, 0), parts.get(key, ()), rated) for key in keys],
    }


def _priority(key: Keys, calls: int, spoken: Sequence[Sequence[int]], rated: float) -> dict[str, object]:
    goal = talk.GOAL.get(str(key)) if key is not None else None
    made = _block(calls, spoken)
    return {
        "key": key,
        **made,
        "share": None if goal is None else share(seconds(one[1] + one[2] for one in spoken), rated),
        "goal": goal,
    }


def _block(calls: int, spoken: Sequence[Sequence[int]]) -> dict[str, object]:
    return {
        "calls": calls,
        "seconds": seconds(one[1] + one[2] for one in spoken),
        "seconds_in": seconds(one[1] for one in spoken),
        "seconds_out": seconds(one[2] for one in spoken),
    }


def _average(micro: int, number: int) -> float | None:
    return round(micro / number / MICRO, 3) if number else None
