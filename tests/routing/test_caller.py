"""Who calls: priorities, what a prefix says, which of two clients with one number, what the CRM knows better."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest

from callrouter.core.words import PersonId
from callrouter.routing.caller import (
    STRANGER,
    Caller,
    Candidate,
    Client,
    derived_priority,
    described,
    joined,
    meant,
    priority,
)
from callrouter.routing.numbers import read
from callrouter.routing.values import Prefix
from tests.routing.firm import ANNA, BORIS, NUMBER, firm

LEADS, GONE = PersonId("lead-exchange"), PersonId("gone")


@pytest.mark.parametrize(
    ("need", "budget", "urgency", "derived"),
    [
        ("+", "+", "+", "A"),
        ("yes", "ДА", " 1 ", "A"),
        ("да", "+", "-", "B"),
        ("+", "-", "+", "C"),
        ("+", "нет", None, "C"),
        ("+", "0", "0", "C"),
        ("-", "+", "+", None),
        (None, "+", "+", None),
        ("+", None, "+", None),
        ("+", "+", None, None),
        ("+", "+", "perhaps", None),
    ],
)
def test_need_budget_and_urgency_make_a_priority(
    need: str | None, budget: str | None, urgency: str | None, derived: str | None
) -> None:
    """All three are A, without urgency B, without budget C; without need, or where it is not said, there is none."""
    said = {"need": need, "budget": budget, "urgency": urgency}
    assert derived_priority({name: word for name, word in said.items() if word is not None}) == derived


@pytest.mark.parametrize(
    ("word", "meaning"), [("A", "A"), ("bbb", "B"), (" С ", "C"), ("Х", "X"), ("D", None), ("", None)]
)
def test_priorities_as_they_are_written(word: str, meaning: str | None) -> None:
    """One letter or three, large or small, Latin or Cyrillic."""
    assert priority(word) == meaning


def _described(client: Client | None, number: str = NUMBER) -> Client:
    scheme = firm()
    return described(scheme, Caller(read(number, "RU"), client), "in")


def test_the_longest_prefix_completes_what_is_known() -> None:
    """The client's own words stand; a stranger is known by his prefix alone, and has no card."""
    attributes = (("region", "Москва"), ("trade", "металл"))
    assert _described(None) == replace(STRANGER, segment="small", attributes=attributes, known_from="prefix")
    assert _described(None, "+78121234567").attributes == (("region", "Россия"),)
    own = Client(7, segment="key", attributes=(("region", "Тверь"), ("colour", "red")))
    found = _described(own)
    assert (found.segment, dict(found.attributes)) == ("key", {"region": "Тверь", "trade": "металл", "colour": "red"})
    assert _described(Client(7)).segment == "small"


def test_without_a_prefix_of_his_a_caller_is_as_he_is_known() -> None:
    """A foreign number, and a scheme without prefixes."""
    assert _described(None, "+4930123456") == STRANGER
    bare = replace(firm(), prefixes=())
    assert described(bare, Caller(read(NUMBER, "RU"), Client(7)), "in") == Client(7)
    assert described(replace(bare, prefixes=(Prefix("+49"),)), Caller(read(NUMBER, "RU")), "in") == STRANGER


def test_a_priority_of_its_own_goes_before_a_derived_one() -> None:
    """Need, budget and urgency are looked at where the card says nothing."""
    hot = (("need", "+"), ("budget", "+"), ("urgency", "+"))
    assert _described(Client(7, attributes=hot)).priority == "A"
    assert _described(Client(7, priority="X", attributes=hot)).priority == "X"


@pytest.mark.parametrize(
    ("client", "responsible"),
    [
        (Client(7, responsible=ANNA), ANNA),
        (Client(7, responsible=GONE), GONE),
        (Client(7, responsible=LEADS), None),
        (Client(7, responsible=ANNA, known_from="crm"), ANNA),
        (Client(7, responsible=GONE, known_from="crm"), None),
        (Client(7, responsible=LEADS, known_from="crm"), None),
        (Client(7, known_from="crm"), None),
    ],
)
def test_who_is_nobody_is_no_responsible(client: Client, responsible: PersonId | None) -> None:
    """A lead exchange never is; whom the CRM names and the scheme does not know counts as none."""
    assert _described(client).responsible == responsible


def test_the_crm_knows_better_and_the_table_fills_in() -> None:
    """Where the CRM says nothing, or names nobody of ours, our own table holds; the card is the table's."""
    scheme = firm()
    table = Client(7, "Old", BORIS, "C", "small", "first", (("a", "1"), ("b", "2")), also=("Лютик",))
    crm = Client(None, "Ромашка", ANNA, "A", "key", "regular", (("b", "3"),), known_from="crm")
    both = Client(7, "Ромашка", ANNA, "A", "key", "regular", (("a", "1"), ("b", "3")), "crm", ("Лютик",))
    assert joined(scheme, crm, table) == both
    silent = Client(responsible=LEADS, known_from="crm")
    assert joined(scheme, silent, table) == replace(table, known_from="crm")
    assert joined(scheme, crm, None) == crm
    assert joined(scheme, None, table) == table
    assert joined(scheme, None, None) is None


def test_which_of_two_clients_with_one_number_calls() -> None:
    """Who has a responsible, then the higher priority, then who was talked to last, then the older card."""
    hot = (("need", "+"), ("budget", "+"), ("urgency", "+"))
    ordered = [
        Candidate(Client(6, "own C", ANNA, "C"), None, 50.0),
        Candidate(Client(8, "own X", ANNA, "X"), None, 50.0),
        Candidate(Client(4, "derived A", attributes=hot), None, 50.0),
        Candidate(Client(9, "B", priority="B"), None, 50.0),
        Candidate(Client(5, "talked later"), 9.0, 50.0),
        Candidate(Client(3, "talked"), 5.0, 40.0),
        Candidate(Client(7, "older"), None, 10.0),
        Candidate(Client(1), None, 20.0),
        Candidate(Client(2, "X", priority="X"), 99.0, 1.0),
    ]
    others = ("own X", "derived A", "B", "talked later", "talked", "older", "client 1", "X")
    assert meant(ordered[::-1]) == replace(ordered[0].client, also=others)
    for first, second in pairwise(ordered):
        found = meant([second, first])
        assert found is not None
        assert found.id == first.client.id
    assert meant(ordered[:1]) == ordered[0].client
    assert meant([]) is None
