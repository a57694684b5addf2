"""What happens to one call: line, ladder, people, claimants."""

from __future__ import annotations

from pathlib import Path

import pytest

from callrouter.core.ladder import Person, Step
from callrouter.core.words import Action, IfBusy, PersonId, Why
from callrouter.routing.caller import Caller, Client
from callrouter.routing.choose import Chosen, choose
from callrouter.routing.lines import find_line
from callrouter.routing.numbers import read
from callrouter.routing.scheme import Line, Scheme, parse

EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "scheme.toml"
ANNA, BORIS, VERA, GLEB, IRINA = (PersonId(key) for key in ("anna", "boris", "vera", "gleb", "irina"))
AT, CALLER = 1795291760.0, "+79161234567"
ADA, BOB, OLGA = (PersonId(key) for key in ("ada", "bob", "olga"))
LARGE = parse(
    b"""version = 1
timezone = "Europe/Moscow"
country = "RU"
[company]
owner = "olga"
ring_at_most = 45
claim_after = 2.5
[people]
olga = {name = "Olga", phones = ["PJSIP/1"], claims = true}
ada = {name = "Ada", phones = ["PJSIP/2", "PJSIP/79160000000@trunk"]}
bob = {name = "Bob", phones = ["PJSIP/3"], claims = false}
[departments]
sales = {members = ["ada", "bob"], head = "ada"}
parts = {members = ["bob"]}
[ladders]
default = [
  {ring = "department", seconds = 1.5, if_busy = "skip"},
  {add = "head", seconds = 2, if_busy = "wait"},
  {ring = "department:sales", seconds = 3},
  {ring = "person:bob", seconds = 4},
  {ring = "owner"},
]
own = [{ring = "responsible", seconds = 1}, {ring = "owner"}]
[lines]
"84950000001" = {department = "parts", prompt = "sound:bye"}
"700" = {ladder = "own"}
"+74951234567" = {department = "sales"}
default = {department = "sales", name = "Rest"}
"""
)


def example() -> Scheme:
    """Return the documentation's scheme."""
    return parse(EXAMPLE.read_bytes())


def chosen(scheme: Scheme, dialled: str, client: Client | None = None) -> Chosen:
    """Return the decision for a call to this number."""
    line = find_line(scheme, dialled)
    assert line is not None
    return choose(scheme, line, Caller(read(CALLER, scheme.country), client), AT)


@pytest.mark.parametrize(
    "dialled", ["+74951234567", "74951234567", "84951234567", "4951234567", "0074951234567", "+7 (495) 123-45-67"]
)
def test_a_line_is_found_however_the_trunk_writes_it(dialled: str) -> None:
    """Every spelling of the number is the same line, called as the document calls it."""
    line = find_line(example(), dialled)
    assert line is not None
    assert line.key == "+74951234567"


def test_a_line_written_nationally_keeps_its_name() -> None:
    """The ledger's word for a line is the document's own spelling."""
    assert chosen(LARGE, "+74950000001").line == chosen(LARGE, "84950000001").line == "84950000001"


@pytest.mark.parametrize(("dialled", "called"), [("84959999999", "+74959999999"), ("999", "999"), ("a\nb", "a\ufffdb")])
def test_a_number_that_is_not_listed_has_the_default_line(dialled: str, called: str) -> None:
    """The default line serves it under the number's own name, E.164 where it is one."""
    line = find_line(LARGE, dialled)
    assert line == Line(
        called, called if called.startswith("+") else None, "Rest", "sales", "default", listed_as="default"
    )


@pytest.mark.parametrize("dialled", ["84959999999", "999", "", "default"])
def test_a_number_that_is_not_listed_without_a_default_is_not_ours(dialled: str) -> None:
    """Without a default line there is no line, whatever was dialled."""
    assert find_line(example(), dialled) is None


def test_the_default_line_cannot_be_dialled_by_its_key() -> None:
    """Somebody who dials the word `default` is a number that is not listed."""
    line = find_line(LARGE, "default")
    assert line is not None
    assert (line.key, line.name) == ("default", "Rest")


def test_the_ladder_of_a_client_who_has_a_manager() -> None:
    """The responsible, then his department, then the head, then the owner besides: all in one decision."""
    client = Client(7, "ООО Ромашка", BORIS, "A", "key")
    assert chosen(example(), "84951234567", client) == Chosen(
        line="+74951234567",
        department="sales",
        ladder=(
            Step(Action.RING, "responsible", (BORIS,), 10, IfBusy.SKIP),
            Step(Action.RING, "department", (ANNA, BORIS, VERA), 10, IfBusy.WAIT),
            Step(Action.RING, "head", (GLEB,), 10, IfBusy.SKIP),
            Step(Action.ADD, "owner", (IRINA,), None, IfBusy.SKIP),
        ),
        people=(
            Person(BORIS, "Борис Орлов", ("PJSIP/102",)),
            Person(ANNA, "Анна Петрова", ("PJSIP/101",)),
            Person(VERA, "Вера Ильина", ("PJSIP/103",)),
            Person(GLEB, "Глеб Титов", ("PJSIP/110",)),
            Person(IRINA, "Ирина Соколова", ("PJSIP/120",)),
        ),
        prompt=None,
        ring_at_most=60,
        claimants=(ANNA, BORIS, VERA),
        claim_after=10,
        client=client,
        ladder_name="default",
    )


@pytest.mark.parametrize(
    ("client", "nobody"),
    [
        (None, Why.NO_RESPONSIBLE),
        (Client(7), Why.NO_RESPONSIBLE),
        (Client(7, responsible=PersonId("gone")), Why.UNKNOWN_PERSON),
    ],
)
def test_a_step_with_nobody_in_it_says_why(client: Client | None, nobody: Why) -> None:
    """No client, no responsible, or one who is not in the scheme: the step stays, with its reason."""
    first = chosen(example(), "84951234567", client).ladder[0]
    assert first == Step(Action.RING, "responsible", (), 10, IfBusy.SKIP, nobody)


def test_every_kind_of_step_finds_its_people() -> None:
    """Department, head, another department, one person and the owner; the steps' own words on busy people hold."""
    decision = chosen(LARGE, "+74951234567")
    assert decision.ladder == (
        Step(Action.RING, "department", (ADA, BOB), 1.5, IfBusy.SKIP),
        Step(Action.ADD, "head", (ADA,), 2, IfBusy.WAIT),
        Step(Action.RING, "department:sales", (ADA, BOB), 3, IfBusy.WAIT),
        Step(Action.RING, "person:bob", (BOB,), 4, IfBusy.SKIP),
        Step(Action.RING, "owner", (OLGA,), None, IfBusy.SKIP),
    )
    assert [person.id for person in decision.people] == ["ada", "bob", "olga"]
    assert (decision.ring_at_most, decision.claim_after) == (45, 2.5)


def test_a_department_without_a_head_has_nobody_in_that_step() -> None:
    """The head's step of such a department is skipped for an unknown person."""
    decision = chosen(LARGE, "84950000001")
    assert decision.ladder[1] == Step(Action.ADD, "head", (), 2, IfBusy.WAIT, Why.UNKNOWN_PERSON)
    assert decision.prompt == "sound:bye"


def test_claims_are_allowed_and_forbidden_by_person() -> None:
    """Members claim unless forbidden; others only if allowed; a line without a department has only those."""
    assert chosen(LARGE, "+74951234567").claimants == ("ada", "olga")
    assert chosen(LARGE, "84950000001").claimants == (OLGA,)
    assert chosen(LARGE, "700").claimants == (OLGA,)
    assert chosen(LARGE, "700").department is None


@pytest.mark.parametrize("target", ["department", "head", "owner"])
def test_a_call_of_an_incomplete_scheme_still_has_its_ladder(target: str) -> None:
    """Even where the document's checks were passed by, a step whose people are not named is skipped."""
    scheme = parse(b'version = 1\ntimezone = "UTC"\ncountry = "RU"\n[ladders]\ndefault = [{ring = "responsible"}]')
    step = parse(EXAMPLE.read_bytes()).ladders["default"][{"department": 1, "head": 2, "owner": 3}[target]]
    loose = Scheme("UTC", "RU", scheme.company, {}, {}, {"default": (step,)}, {}, {})
    decision = choose(loose, Line("1", None, "1", None, "default"), Caller(read(CALLER, "RU")), AT)
    assert [(one.people, one.nobody) for one in decision.ladder] == [((), Why.UNKNOWN_PERSON)]


def test_a_phone_tells_whose_it_is() -> None:
    """Every phone of every person leads back to him."""
    assert LARGE.phones == {
        "PJSIP/1": "olga",
        "PJSIP/2": "ada",
        "PJSIP/79160000000@trunk": "ada",
        "PJSIP/3": "bob",
    }
