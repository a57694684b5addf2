"""What would happen to a call if nobody answered, by the machine of production."""

from __future__ import annotations

import pytest
from hypothesis import given, settings, strategies as st

from callrouter.core.events import CallArrived
from callrouter.core.ladder import Person, Step
from callrouter.core.story import climbed
from callrouter.core.words import Action, IfBusy, LostReason, PersonId, Why
from callrouter.routing.caller import Caller, Client
from callrouter.routing.forecast import Assumed, Forecast, answer, foresee
from callrouter.routing.lines import find_line
from callrouter.routing.numbers import read
from callrouter.routing.scheme import parse
from tests.routing.documents import documents, toml
from tests.routing.test_scheme import TEXT

AT = 1_795_300_000.0
ANNA, BORIS, GLEB = PersonId("anna"), PersonId("boris"), PersonId("gleb")
LADDER = (
    Step(Action.RING, "department", (ANNA, BORIS), 10.0, IfBusy.WAIT, announce="sound:wait"),
    Step(Action.ADD, "head", (GLEB,), 5.0, IfBusy.SKIP),
)
PEOPLE = tuple(Person(key, key, (f"PJSIP/{key}",)) for key in (ANNA, BORIS, GLEB))


def arrived(**fields: object) -> CallArrived:
    """Return the first event of a call to these three."""
    given = {"ladder": LADDER, "people": PEOPLE} | fields
    return CallArrived(0.0, 0.0, "", "line", None, "", **given)  # type: ignore[arg-type]


def lines(forecast: Forecast) -> list[str]:
    """Return the ladder as people read it."""
    return [climbed(stage).strip() for stage in forecast.steps]


def test_everybody_rings_and_nobody_answers() -> None:
    """Without assumptions who is not away by the scheme is free; what is announced takes no time."""
    forecast = foresee(arrived())
    assert lines(forecast) == ["0.0  1 ring department: anna, boris", "10.0  2 add head: gleb; beside anna, boris"]
    assert (forecast.ends_at, forecast.lost, forecast.hears) == (15.0, LostReason.NO_ANSWER, ((0.0, "sound:wait"),))


@pytest.mark.parametrize(
    ("how", "why"),
    [
        (Assumed.BUSY, Why.BUSY),
        (Assumed.OFFLINE, Why.UNREACHABLE),
        (Assumed.PAUSED, Why.PAUSED),
        (Assumed.DND, Why.DO_NOT_DISTURB),
        (Assumed.AWAY, Why.ABSENT),
    ],
)
def test_who_is_assumed_not_to_be_there_does_not_ring(how: Assumed, why: Why) -> None:
    """The reason is the one that a call would write down; the others ring."""
    first = foresee(arrived(), {ANNA: how}).steps[0]
    assert ([rung.person for rung in first.rings], first.not_rung) == ([BORIS], ((ANNA, why),))


def test_who_is_away_by_the_scheme_stays_so() -> None:
    """An assumption does not bring anybody back from his holidays."""
    people = (Person(ANNA, "anna", ("PJSIP/1",), away=Why.OFF_SHIFT), *PEOPLE[1:])
    first = foresee(arrived(people=people), {ANNA: Assumed.BUSY}).steps[0]
    assert first.not_rung == ((ANNA, Why.OFF_SHIFT),)


def test_a_department_that_is_busy_is_waited_for() -> None:
    """The step lasts its seconds, then the next one begins."""
    forecast = foresee(arrived(), {ANNA: Assumed.BUSY, BORIS: Assumed.BUSY})
    assert lines(forecast) == ["0.0  1 ring department: nobody; not anna busy, boris busy", "10.0  2 add head: gleb"]


@pytest.mark.parametrize(
    ("fields", "ends_at", "lost"),
    [
        ({"prompt": "sound:bye"}, 15.0, LostReason.NO_ANSWER),
        ({"goes_on": "ctx,s,1"}, 15.0, LostReason.NO_ANSWER),
        ({"is_closed": True, "ladder": ()}, 0.0, LostReason.CLOSED),
        ({"refusal": LostReason.REJECTED}, 0.0, LostReason.REJECTED),
    ],
)
def test_every_end_is_foreseen(fields: dict[str, object], ends_at: float, lost: LostReason) -> None:
    """A prompt, another place of the dialplan, a closed line without a ladder, a refusal."""
    forecast = foresee(arrived(**fields))
    assert (forecast.ends_at, forecast.lost) == (ends_at, lost)


def test_the_answer_is_that_of_the_scheme() -> None:
    """Line, client and instant decide; the answer carries what a call would carry from its arrival."""
    scheme = parse(TEXT.encode())
    line = find_line(scheme, "84951234567")
    assert line is not None
    caller = Caller(read("89161234567", scheme.country), Client(name="ООО Ромашка", responsible=ANNA))
    found = answer(scheme, line, caller, AT, revision=7)
    assert lines(found.forecast) == [
        "0.0  1 ring responsible: anna",
        "10.0  2 ring department: anna, boris, vera",
        "20.0  3 ring head: gleb",
        "30.0  4 add owner: irina; beside gleb",
    ]
    assert (found.arrived.ladder_name, found.arrived.scheme_revision, found.arrived.client) == (
        "default",
        7,
        "ООО Ромашка",
    )


@settings(max_examples=30, deadline=None)
@given(
    documents(), st.floats(AT, AT + 1e7), st.dictionaries(st.sampled_from(["anna", "глеб"]), st.sampled_from(Assumed))
)
def test_any_document_has_an_answer(document: dict[str, object], at: float, assumed: dict[str, Assumed]) -> None:
    """Every line of any valid document is foreseen to its end, and a ladder that nobody answers is lost."""
    scheme = parse(toml(document).encode())
    everybody = {PersonId(person): how for person, how in assumed.items()}
    for line in scheme.lines.values():
        found = answer(scheme, line, Caller(read("89161234567", scheme.country)), at, everybody)
        assert found.forecast.lost is not None
        assert found.forecast.ends_at >= 0
