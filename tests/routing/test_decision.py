"""What a decision makes of rules, hours, numbers and the end of a ladder."""

from __future__ import annotations

from dataclasses import replace

import pytest

from callrouter.core.ladder import Person
from callrouter.core.words import Action, IfBusy, LostReason, PersonId, Why
from callrouter.routing.arrived import arrived
from callrouter.routing.caller import ANYBODY, Client
from callrouter.routing.choose import choose
from callrouter.routing.lines import find_line, is_inside, person_inside
from callrouter.routing.numbers import read
from tests.routing.firm import (
    ANNA,
    BORIS,
    DIRECT,
    ENDLESS,
    GLEB,
    IRINA,
    MONDAY,
    NIGHT,
    NUMBER,
    ONWARD,
    SALES,
    VERA,
    decide,
    firm,
    moment,
)


def rule(when: str, then: str = 'ladder = "vip"', name: str = "one") -> str:
    """Return a rule of a document."""
    return f'[[rules]]\nname = "{name}"\nwhen = {{{when}}}\n{then}\n'


CLIENT = Client(7, "Ромашка", ANNA, "A", "key", "regular", (("region", "Москва"),))


@pytest.mark.parametrize(
    ("when", "client", "holds"),
    [
        ('segment = "key"', CLIENT, True),
        ('segment = ["new", "key"]', CLIENT, True),
        ('segment = "new"', CLIENT, False),
        ('segment = "small"', None, True),
        ('priority = "A"', CLIENT, True),
        ('priority = "none"', CLIENT, False),
        ('priority = "none"', None, True),
        ('stage = "regular"', CLIENT, True),
        ('stage = "regular"', None, False),
        ('line = "+74951234567"', None, True),
        ('line = "700"', None, False),
        ('department = "sales"', None, True),
        ('department = "service"', None, False),
        ('source = "site"', None, True),
        ('source = "ads"', None, False),
        ("known = true", CLIENT, True),
        ("known = true", None, False),
        ("known = false", None, True),
        ("responsible = true", CLIENT, True),
        ("responsible = false", Client(7), True),
        ("responsible = false", Client(7, responsible=PersonId("gone")), True),
        ("open = true", None, True),
        ("open = false", None, False),
        ('region = "Москва"', None, True),
        ('region = ["Тверь", "Клин"]', CLIENT, False),
        ('colour = "red"', CLIENT, False),
        ('segment = "key", known = false', CLIENT, False),
    ],
)
def test_a_rule_holds_when_every_key_does(when: str, client: Client | None, *, holds: bool) -> None:
    """One word of each key that the rule has; what a prefix says of the number counts, a removed person does not."""
    chosen = decide(firm(rules=rule(when)), client)
    assert (chosen.rule, chosen.ladder_name) == (("one", "vip") if holds else (None, "default"))


def test_the_first_rule_that_holds_is_taken() -> None:
    """Rules are tried in their order."""
    rules = (
        rule("known = false", 'ladder = "night"', "strangers")
        + rule('segment = "key"')
        + rule("known = true", name="z")
    )
    assert decide(firm(rules=rules), CLIENT).rule == "one"


def test_a_rule_may_refuse() -> None:
    """A call that a rule refuses has no ladder and is rejected."""
    chosen = decide(firm(rules=rule('priority = "X"', "refuse = true")), Client(7, priority="X"))
    assert (chosen.refusal, chosen.ladder, chosen.rule, chosen.direction) == (LostReason.REJECTED, (), "one", "in")


def test_a_closed_line_has_its_own_answer() -> None:
    """At night its closed ladder and prompt; nobody who dials it then is on the line's own ladder."""
    chosen = decide(firm(), at=NIGHT)
    assert (chosen.is_closed, chosen.ladder_name, chosen.prompt) == (True, "night", "sound:closed")
    assert (chosen.ladder[0].target, chosen.ladder[0].nobody) == ("on_duty", Why.NOBODY_ON_DUTY)
    assert decide(firm()).is_closed is False


def test_a_closed_line_without_a_ladder_rings_nobody() -> None:
    """Neither whose direct line it is, nor at the end."""
    for line in (DIRECT, ENDLESS):
        chosen = decide(firm(), at=NIGHT, line=line)
        assert (chosen.is_closed, chosen.ladder, chosen.ladder_name, chosen.prompt) == (True, (), None, None)


def test_a_rule_decides_for_itself_whether_the_line_is_open() -> None:
    """A rule that says nothing of it holds at night too, and its call is none that came to a closed line."""
    scheme = firm(rules=rule('segment = "key", open = true', name="day") + rule('priority = "A"', 'ladder = "night"'))
    assert decide(scheme, CLIENT).rule == "day"
    night = decide(scheme, CLIENT, at=NIGHT)
    assert (night.rule, night.is_closed, night.prompt) == ("one", False, "sound:bye")


def test_without_an_instant_no_rule_holds_and_everybody_is_there() -> None:
    """As the fallback has it: always open, nobody away, nothing asked, nobody refused."""
    scheme = firm('{ring = ["responsible", "last"], seconds = 5}', '{ring = "on_duty"}', rules=rule("known = false"))
    chosen = decide(scheme, Client(7, responsible=VERA), at=None)
    assert [step.people for step in chosen.ladder] == [(VERA,), (ANNA, BORIS, VERA)]
    assert (chosen.rule, chosen.is_closed, {person.away for person in chosen.people}) == (None, False, {None})
    assert decide(scheme, at=None, number="+79001234567").refusal is None
    assert [step.nobody for step in decide(firm('{ring = "last"}'), at=None).ladder] == [Why.NO_LAST]
    assert decide(firm('{ring = "on_duty"}'), at=None, line="+74951239999").ladder[0].people == ("petr",)


@pytest.mark.parametrize(
    ("number", "direction", "refusal"),
    [
        ("+79001234567", "blocked", LostReason.REJECTED),
        ("+79161110001", "internal", None),
        ("+74957654321", "not_client", None),
        (NUMBER, "in", None),
        ("", "in", None),
        ("101", "in", None),
    ],
)
def test_who_is_no_client(number: str, direction: str, refusal: LostReason | None) -> None:
    """Blocked numbers are refused; colleagues' mobiles and labelled numbers are routed, but are no clients."""
    chosen = decide(firm(), CLIENT, number=number)
    assert (chosen.direction, chosen.refusal) == (direction, refusal)
    assert (chosen.client.id is not None) == (number == NUMBER)
    assert bool(chosen.ladder) == (refusal is None)


def test_a_label_is_an_attribute() -> None:
    """Rules may look at what a number that is no client's is."""
    chosen = decide(firm(rules=rule('not_client = "supplier"')), number="+74957654321")
    assert (chosen.rule, chosen.client.attributes) == ("one", (("not_client", "supplier"),))


def test_a_direct_line_rings_its_person_first() -> None:
    """Then the ladder, whichever it is; the base is checked all the same."""
    scheme = firm('{ring = "responsible", seconds = 5}', rules=rule('segment = "key"'))
    chosen = decide(scheme, Client(7, responsible=BORIS), line=DIRECT)
    assert [(step.target, step.people, step.seconds) for step in chosen.ladder] == [
        ("person:anna", (ANNA,), 12),
        ("responsible", (BORIS,), 5),
    ]
    assert [step.target for step in decide(scheme, CLIENT, line=DIRECT).ladder] == ["person:anna", "segment"]


def test_at_its_end_everybody_rings_once_more() -> None:
    """All of the ladder together, whoever is busy is waited for; a step without seconds lasts what is left before."""
    scheme = firm('{ring = "responsible", seconds = 25}', '{add = "head"}')
    chosen = decide(scheme, Client(7, responsible=BORIS), line=ENDLESS)
    assert [(step.target, step.seconds) for step in chosen.ladder] == [("responsible", 25), ("head", 35), ("again", 15)]
    last = chosen.ladder[-1]
    assert (last.action, last.people, last.if_busy) == (Action.RING, (BORIS, GLEB), IfBusy.WAIT)
    assert [step.target for step in decide(firm(), line=ENDLESS).ladder] == ["responsible"]


def test_at_its_end_another_ladder_or_the_dialplan_goes_on() -> None:
    """The other ladder's steps are numbered on; a place of the dialplan is handed to the call."""
    assert [step.target for step in decide(firm(), line=ONWARD).ladder] == ["responsible", "on_duty"]
    assert decide(firm(), line="+74951230004").goes_on == "ivr,s,1"


def test_a_step_not_meant_for_the_call_stays_with_its_reason() -> None:
    """It keeps its number and rings nobody."""
    scheme = firm('{ring = "department", seconds = 5, when = {segment = "key"}}', '{ring = "head"}')
    assert [step.nobody for step in decide(scheme).ladder] == [Why.NOT_MEANT, None]
    assert [step.nobody for step in decide(scheme, CLIENT).ladder] == [None, None]


def test_people_are_as_the_scheme_has_them() -> None:
    """Phones to be confirmed, the wrap-up, and why somebody is away by the scheme."""
    chosen = decide(firm('{ring = "department"}'), at=moment("2026-12-02 12:00"))
    assert chosen.people == (
        Person(ANNA, "Anna", ("PJSIP/101", "PJSIP/79161110000@trunk"), ("PJSIP/79161110000@trunk",), Why.ABSENT, 5),
        Person(BORIS, "Boris", ("PJSIP/102",), (), None, 7),
        Person(VERA, "Vera", ("PJSIP/103",), (), None, 5),
    )


@pytest.mark.parametrize(
    ("dialled", "key", "listed"),
    [
        ("+74957650000", "+74957650000", SALES),
        ("84957651234", "+74957651234", SALES),
        ("+74951234549", "+74951234549", SALES),
        ("+74951234550", "+74951234550", "default"),
        ("600", "600", SALES),
        ("999", "999", "default"),
        (SALES, SALES, None),
    ],
)
def test_a_line_by_its_patterns(dialled: str, key: str, listed: str | None) -> None:
    """Hundreds of tracking numbers are one line under their own names; so is a department's extension."""
    line = find_line(firm(), dialled)
    assert line is not None
    assert (line.key, line.listed_as) == (key, listed)


@pytest.mark.parametrize(
    ("dialled", "is_there", "person"), [("600", True, None), ("101", False, "anna"), ("777", False, "boris")]
)
def test_numbers_inside(dialled: str, person: str | None, *, is_there: bool) -> None:
    """A caller is transferred to a department's extension, to a person's, or to the phone that is called so."""
    scheme = firm()
    boris = replace(scheme.people[PersonId("boris")], extension="777")
    scheme = replace(scheme, people={**scheme.people, boris.id: boris})
    assert (is_inside(scheme, dialled), person_inside(scheme, dialled)) == (is_there, person)


def test_a_pattern_is_no_number_to_dial() -> None:
    """Who dials the letters reaches no line by them."""
    line = find_line(firm(), "+7495765XXXX")
    assert line is not None
    assert line.listed_as == "default"


def test_the_extension_of_a_department_without_lines_has_the_default_one() -> None:
    """The default line serves it for that department; without one it is not ours."""
    scheme = firm()
    department = replace(scheme.departments["sales"], extension="601", id="export")
    wider = replace(scheme, departments={**scheme.departments, "export": department})
    line = find_line(wider, "601")
    assert line is not None
    assert (line.key, line.department, line.listed_as) == ("601", "export", "default")
    assert find_line(replace(wider, lines={}), "601") is None


def test_the_first_event_says_everything() -> None:
    """What was decided and known is in the call's first event, and the responsible's name with it."""
    scheme = firm('{ring = "head"}', rules=rule('segment = "key"', 'ladder = "default"'))
    known = replace(CLIENT, known_from="crm", also=("Лютик",))
    event = arrived(scheme, 4, decide(scheme, known), read(NUMBER, "RU"), at=MONDAY + 1, arrived_at=MONDAY)
    assert (event.client_id, event.client, event.responsible, event.also) == (7, "Ромашка", ANNA, ("Лютик",))
    assert (event.priority, event.segment, event.stage, event.known_from) == ("A", "key", "regular", "crm")
    assert event.attributes == (("region", "Москва"), ("trade", "металл"))
    assert (event.rule, event.ladder_name, event.source, event.music) == ("one", "default", "site", "soft")
    assert (event.language, event.is_closed, event.goes_on, event.refusal) == ("en", False, None, None)
    assert [person.id for person in event.people] == [GLEB, ANNA]
    assert [one.id for one in arrived(scheme, 4, decide(scheme), read("", "RU"), at=0, arrived_at=0).people] == [GLEB]


def test_nobody_known_calls() -> None:
    """Who calls is not known: the fallback's ladder."""
    line = find_line(firm(), SALES)
    assert line is not None
    assert choose(firm('{add = "owner"}'), line, ANYBODY, None).ladder[0].people == (IRINA,)
