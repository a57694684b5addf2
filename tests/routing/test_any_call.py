"""Any valid scheme routes any caller at any instant."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given, settings, strategies as st

from callrouter.core.ladder import guard_of
from callrouter.core.words import PersonId
from callrouter.routing.arrived import arrived
from callrouter.routing.caller import Caller, Client, Talked
from callrouter.routing.choose import Chosen, choose
from callrouter.routing.lines import find_line
from callrouter.routing.numbers import read
from callrouter.routing.order import Standing
from callrouter.routing.scheme import parse
from callrouter.routing.values import Scheme
from tests.routing.firm import firm

FULL = parse((Path(__file__).parents[2] / "docs" / "examples" / "full.toml").read_bytes())
WORDS = (
    "person:vera",
    "department:service",
    "responsible",
    "last",
    "department",
    "on_duty",
    "segment",
    "head",
    "higher",
    "owner",
)
PEOPLE = st.sampled_from([*map(PersonId, ("anna", "boris", "vera", "gleb", "irina", "petr", "gone", "lead-exchange"))])
INSTANTS = st.floats(0, 4_102_444_800, allow_nan=False)
NUMBERS = st.sampled_from(
    ["", "101", "anonymous", "+79161234567", "+79161110001", "+79001234567", "+74957654321", "+4930123456"]
)
DIALLED = st.sampled_from(
    ["+74951234567", "+74951230001", "+74951230002", "+74951230003", "+74951112233", "+78001234567", "600", "x", "700"]
) | st.from_regex(r"\+74957650[0-9]{3}", fullmatch=True)


@st.composite
def steps(draw: st.DrawFn) -> str:
    """Return one step of a ladder as a document writes it."""
    targets = draw(st.lists(st.sampled_from(WORDS), min_size=1, max_size=3, unique=True))
    written = f'["{targets[0]}"]' if len(targets) == 1 else str(targets).replace("'", '"')
    order = draw(st.sampled_from(["", "listed", "longest_idle", "round_robin", "fewest_calls"]))
    when = draw(st.sampled_from(["", 'priority = "A"', "open = false", 'region = "Москва"', "known = true"]))
    more = (f', order = "{order}"' if order else "") + (f", when = {{{when}}}" if when else "")
    action = draw(st.sampled_from(["ring", "add"]))
    return f"{{{action} = {written}, seconds = {draw(st.integers(1, 30))}{more}}}"


@st.composite
def schemes(draw: st.DrawFn) -> Scheme:
    """Return the example with every feature, or a company with any ladder and a rule."""
    if draw(st.booleans()):
        return FULL
    when = draw(st.sampled_from(['segment = "key"', "open = false", 'priority = "X"', "responsible = true"]))
    then = draw(st.sampled_from(["refuse = true", 'ladder = "vip"', 'ladder = "default"']))
    return firm(
        *draw(st.lists(steps(), min_size=1, max_size=6)), rules=f'[[rules]]\nname = "r"\nwhen = {{{when}}}\n{then}\n'
    )


HOT = st.tuples(st.sampled_from(["need", "budget", "urgency", "region"]), st.sampled_from("+-"))
CLIENTS = st.none() | st.builds(
    Client,
    id=st.none() | st.integers(1, 9),
    responsible=st.none() | PEOPLE,
    priority=st.sampled_from([None, "A", "B", "C", "X"]),
    segment=st.sampled_from([None, "key", "small", "regular", "?"]),
    attributes=st.lists(HOT, max_size=4).map(tuple),
    known_from=st.sampled_from(["crm", "table", "memory"]),
)


@settings(max_examples=400, deadline=None)
@given(
    schemes(),
    DIALLED,
    NUMBERS,
    CLIENTS,
    st.none() | INSTANTS,
    st.lists(st.tuples(PEOPLE, INSTANTS), max_size=3),
    st.data(),
)
def test_any_scheme_routes_any_caller_at_any_instant(
    scheme: Scheme,
    dialled: str,
    number: str,
    client: Client | None,
    at: float | None,
    last: list[tuple[PersonId, float]],
    data: st.DataObject,
) -> None:
    """Each step has people, each once, or a reason, and only the last may be endless; the call knows all of them."""
    line = find_line(scheme, dialled)
    assert line is not None
    talked = tuple(Talked(person, when) for person, when in last)
    caller = Caller(read(number, "RU"), client, talked)
    asks = choose(scheme, line, caller, at).asks
    began = {turn: data.draw(st.sampled_from(people)) for turn, people in asks.turns}
    idle = {person: data.draw(st.integers(0, 9)) for person in sorted(asks.people)}
    chosen = choose(scheme, line, caller, at, Standing(idle, idle, began))
    _is_sound(scheme, chosen)
    event = arrived(scheme, 1, chosen, caller.number, at=at or 0.0, arrived_at=at or 0.0)
    assert event.ladder == chosen.ladder


def _is_sound(scheme: Scheme, chosen: Chosen) -> None:
    known = {person.id for person in chosen.people}
    for number, step in enumerate(chosen.ladder, start=1):
        assert bool(step.people) == (step.nobody is None)
        assert len(set(step.people)) == len(step.people)
        assert known.issuperset(step.people)
        assert step.seconds is not None or number == len(chosen.ladder)
    assert known <= set(scheme.people)
    assert not (chosen.refusal and chosen.ladder)
    assert guard_of(chosen.ladder, chosen.ring_at_most) > 0
