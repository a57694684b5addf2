"""All figures of lcr/1: sixty-three calls counted by hand (`calls.md`), and what holds whatever the calls."""

from __future__ import annotations

from collections import Counter
from itertools import chain, combinations
from random import Random
from typing import TYPE_CHECKING, Any, TypeVar

import pytest
from hypothesis import given, settings, strategies as st

from callrouter.core.outcome import CallRow, LegRow, StepRow, TalkRow
from callrouter.core.words import LostReason, PersonId, Result, Why
from callrouter.ledger.figure import behind, printed
from callrouter.ledger.figures import figures, needed_from
from callrouter.ledger.groups import By
from callrouter.ledger.period import Period
from callrouter.ledger.rate import inbound
from callrouter.ledger.shared import WITHIN, shared_clients
from callrouter.ledger.talk import is_conversation, segments
from callrouter.routing import calendar
from tests.ledger import table
from tests.ledger.rows import at, call

if TYPE_CHECKING:
    from collections.abc import Callable

    from callrouter.ledger.figure import Block

WEEK = Period(table.instant("03-28 00:00"), table.instant("04-04 00:00"), table.BERLIN)
T = TypeVar("T")
HEAT = "hours_of_the_week"
UNHURRIED = settings(deadline=None)
"""A year of holidays is computed once, in whichever example comes first."""


def _of_the_table(by: By | None = None) -> Block:
    return figures(table.calls(), WEEK, table.hours_of, by)


def _at(value: Any, name: str) -> Any:
    """Return what stands at a name with dots."""
    for part in name.split("."):
        keyed = isinstance(value, list)
        value = next(one for one in value if str(one["key"]) == part) if keyed else value[part]
    return value


def test_the_table_is_right() -> None:
    """The steps of each call last as long as its caller waited, and its line is shut when the calendar says so."""
    for row in table.calls():
        last = row.answered_at or row.ended_at
        if row.steps and last is not None:
            assert row.steps[-1].ended_at == pytest.approx(last, abs=0.6), row.id
        if row.line == "site":
            assert row.is_closed is not calendar.is_open(table.OFFICE, row.arrived_at), row.id


def test_each_figure_counts_the_calls_that_were_counted_by_hand() -> None:
    """The very calls, and as many as the table says; no figure is left out."""
    counted, found = table.counted(), behind(_of_the_table())
    assert {name: sorted(row.id for row in found[name]) for name in counted} == {
        name: sorted(those) for name, (_, those) in counted.items()
    }
    assert [name for name, (count, those) in counted.items() if count != len(those)] == []
    left = {name for name in set(found) - set(counted) if not name.startswith((HEAT, "groups."))}
    assert {name for name in left if ".talk." not in name and not name.startswith("compared.")} == set()


def test_what_is_computed_is_as_computed_by_hand() -> None:
    """Rates, averages and seconds."""
    made = printed(_of_the_table())
    expected = table.computed()
    assert {name: _at(made, name) for name in expected} == pytest.approx(expected)


def test_the_groups_are_as_counted_by_hand() -> None:
    """Every grouping, and the hours of the week."""
    found = [(by.value, group) for by in By for group in printed(_of_the_table(by))["groups"]]  # type: ignore[attr-defined]
    found += [("weekday and hour", group) for group in printed(_of_the_table())[HEAT]]  # type: ignore[attr-defined]
    told = [[by, str(group["key"] if group["key"] is not None else "-")] for by, group in found]
    figures = [[str(group["calls"]), str(group["lost"])] for _, group in found]
    assert [[*one, *other] for one, other in zip(told, figures, strict=True)] == [
        list(e) for e in table.cells("Groups")
    ]


def test_an_escalation_says_who_and_why() -> None:
    """Who was silent, who was away and why, how far it came, and whether all were talking."""
    told = {one["key"]: one for one in printed(_of_the_table())["escalations"]["list"]}  # type: ignore[index]
    assert told["23"] == {
        "key": "23",
        "reached": "owner",
        "kind": "neglect",
        "silent": ["anna", "vera", "gleb", "irina"],
        "away": [],
    }
    assert told["26"] == {
        "key": "26",
        "reached": "head",
        "kind": "overload",
        "silent": [],
        "away": [{"key": "vera", "why": "absent"}],
    }


def test_what_has_to_be_known() -> None:
    """A week before the period at least, by the clock and by its seconds."""
    assert needed_from(WEEK) == WEEK.start - 7 * 86_400
    after = Period(table.instant("04-02 12:00"), table.instant("04-03 00:00"), table.BERLIN)
    assert needed_from(after) == table.instant("03-26 00:00")


PEOPLE = [PersonId("anna"), PersonId("boris"), None]
PASSED = [(PersonId("vera"), why) for why in (Why.BUSY, Why.PAUSED, Why.ABSENT)]
START = at("2026-03-21T00:00:00+01:00")


def _instant(chance: Random) -> float:
    return START + chance.randrange(21 * 24 * 12) * 300.0


def _leg(chance: Random) -> LegRow:
    person, step, rang = chance.choice(PEOPLE), chance.randint(1, 3), chance.choice([None, START])
    ended, result = chance.choice([None, START + 2, START + 3]), chance.choice([None, *Result])
    return LegRow(person, "PJSIP/1", step, START, rang, None, ended, result)


def _step(chance: Random) -> StepRow:
    step, target = chance.randint(1, 3), chance.choice(["department", "head", "higher, owner"])
    ended, skipped = chance.choice([None, START + 5]), chance.choice([None, Why.BUSY, Why.NOT_MEANT])
    return StepRow(step, "ring", target, START, ended, skipped, tuple(chance.sample(PASSED, chance.randint(0, 2))))


def _talk(chance: Random) -> TalkRow:
    since = _instant(chance)
    return TalkRow(chance.choice(PEOPLE), since, chance.choice([None, since + 30]))


def _several(make: Callable[[Random], T], chance: Random) -> tuple[T, ...]:
    return tuple(make(chance) for _ in range(chance.randint(0, 2)))


def _call(chance: Random) -> CallRow:
    lost = chance.choice([None, chance.choice(list(LostReason))])
    return call(
        "2026-03-21T00:00:00+01:00",
        lost=lost,
        wait=chance.choice([1.0, 5.0, 10.0, 31.0]),
        arrived_at=_instant(chance),
        direction=chance.choice(["in", "in", "in", "out", "internal", "not_client"]),
        caller=chance.choice([None, "+1", "+2"]),
        line=chance.choice(["+1", "+2", "site"]),
        priority=chance.choice([None, "A", "B", "C", "X"]),
        is_closed=chance.random() < 0.5,
        answered_by=None if lost else chance.choice(PEOPLE),
        answered_step=None if lost else chance.choice([None, 1, 2]),
        legs=_several(_leg, chance),
        steps=_several(_step, chance),
        talk=() if lost else _several(_talk, chance),
    )


CALLS = st.builds(
    lambda seed, number: [_call(chance) for chance in [Random(seed)] for _ in range(number)],
    st.integers(0, 2**64),
    st.integers(0, 20),
)
"""Any calls: made by a chance of their own, for drawing each field takes far longer than counting."""


def _ids(calls: Any) -> Counter[int]:
    return Counter(id(row) for row in calls)


@UNHURRIED
@given(CALLS, st.sampled_from(By))
def test_every_figure_is_the_length_of_a_list(calls: list[CallRow], by: By) -> None:
    """Whatever the calls: what is printed is the length of the list behind it, and no list has a call twice."""
    made = figures(calls, WEEK, table.hours_of, by)
    shown = printed(made)
    for name, those in behind(made).items():
        assert _at(_keyed(shown), name) == len(those) == len(set(map(id, those))), name


@UNHURRIED
@given(CALLS, st.sampled_from(By))
def test_totals_agree(calls: list[CallRow], by: By) -> None:
    """Whatever the calls: groups, hours, reasons, steps, people, fates and kinds split what they are of, exactly."""
    made = behind(figures(calls, WEEK, table.hours_of, by))
    counted = inbound(calls, WEEK)

    def together(begin: str, *ends: str) -> Counter[int]:
        names = [name for name in made if name.startswith(begin) and name.endswith(ends)]
        return _ids(chain.from_iterable(made[name] for name in names))

    assert _ids(made["calls"]) == _ids(counted) == together("groups.", ".calls") == together(HEAT, ".calls")
    assert together("lost_by_reason.", "") == _ids(made["lost"]) == together("groups.", ".lost")
    assert together("steps.", ".answered") == _ids(made["answered"]) == together("groups.", ".answered")
    people = [name for name in made if name.startswith("people.") and name.count(".") == 2]
    assert _ids(chain.from_iterable(made[name] for name in people if name.endswith(".answered"))) == _ids(
        made["answered"]
    )
    fates = [f"clients.{fate}" for fate in ("rescued", "returned", "attempted", "ignored")]
    assert together("clients.", *fates) == _ids(made["clients.with_lost_call"])
    assert _ids(made["clients.lost"]) == together("clients.", "clients.attempted", "clients.ignored")
    assert together("clients.called_back.", "") <= _ids(made["clients.with_lost_call"])
    assert together("escalations.", ".overload", ".neglect") == _ids(made["escalations.calls"])
    assert len(made["clients.clients"]) == len({row.caller for row in counted} - {None})


@UNHURRIED
@given(CALLS)
def test_clients_are_shared_by_two_who_talked_within_seven_days(calls: list[CallRow]) -> None:
    """Whatever the calls: each pair of people in calls that came near enough, the later in the week, is found."""
    spoken = [one for one in segments(calls) if one.person is not None and is_conversation(one.call)]
    expected: dict[str | None, set[int]] = {}
    for one, other in combinations(sorted(spoken, key=lambda segment: segment.call.arrived_at), 2):
        number, also = (each.call.line if each.call.direction == "out" else each.call.caller for each in (one, other))
        is_two = one.person != other.person and one.call is not other.call
        is_near = other.call.arrived_at - one.call.arrived_at <= WITHIN and WEEK.holds(other.call.arrived_at)
        if number is not None and number == also and is_two and is_near:
            expected.setdefault(number, set()).update((id(one.call), id(other.call)))
    found = shared_clients(spoken, WEEK)
    assert {number: {id(one.call) for one in those} for number, those in found.items()} == expected


def _keyed(value: Any) -> Any:
    """Return the printed block with `-` for the key of nobody."""
    if isinstance(value, dict):
        return {name: "-" if name == "key" and inner is None else _keyed(inner) for name, inner in value.items()}
    return [_keyed(one) for one in value] if isinstance(value, list) else value
