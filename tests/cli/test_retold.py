"""`callrouter calls show`: one call, in the words of `route`."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from callrouter.core import events as ev
from callrouter.core.words import Why
from tests.cli.conftest import apply, ship
from tests.store.lives import ANNA, BORIS, GLEB, Life, abandoned, answered

if TYPE_CHECKING:
    from collections.abc import Callable

    from callrouter.store.journal import Journal
    from tests.cli.conftest import Said


def _calls(journal: Journal) -> None:
    answered(journal, "0191-a", client="ООО Ромашка", client_id=1, known_from="table", rule="key", ladder_name="k")
    abandoned(journal, "0192-b")
    _climbed(journal, "0193-c", ev.Busy(ANNA), ev.Away(BORIS, Why.PAUSED))
    _climbed(journal, "0194-d", ev.Busy(ANNA), ev.Busy(BORIS))


def _climbed(journal: Journal, call_id: str, *present: ev.Presence) -> None:
    life = Life(journal, call_id)
    life.meets(ev.Found(life.start, 1, present), ev.Elapsed(life.start + 10))
    gleb = ev.Free(GLEB, (ev.Contact("PJSIP/gleb", "PJSIP/gleb"),))
    life.meets(ev.Found(life.start + 10, 2, (gleb,)))


@pytest.fixture
def told(ready: Callable[..., Said]) -> Callable[..., Said]:
    """The command line, with a call that was answered, one that was not, and one that goes on."""
    asyncio.run(apply())
    asyncio.run(ship(_calls))
    return ready


def test_an_answered_call_says_who_won(told: Callable[..., Said]) -> None:
    """What was known and decided, the ladder, who won, each leg; as JSON too."""
    lines = told("calls", "show", "0191-a").out.splitlines()
    for line in (
        "caller    +79161234567, ООО Ромашка, no responsible, by table",
        "decision  rule key, ladder k, revision 3",
        "   0.2  1 ring department: anna, boris",
        "   3.2  anna won",
        "     0.4  anna PJSIP/anna, step 1: answered, rang 0.5, picked up 3.2, ended 63.4",
        "     0.4  boris PJSIP/boris, step 1: elsewhere, rang 0.5, ended 63.4",
    ):
        assert line in lines
    shown = told("calls", "show", "0191-a", "--json").json
    assert (shown["decision"]["rule"], shown["decision"]["known_from"], shown["considered"]) == ("key", "table", [])
    assert shown["escalation"] is None


def test_a_lost_call_says_as_what(told: Callable[..., Said]) -> None:
    """And when its caller left."""
    lines = told("calls", "show", "0192-b").out.splitlines()
    assert any(line.endswith("  lost: abandoned") for line in lines)


def test_a_live_call_says_who_was_not_rung_and_why(told: Callable[..., Said]) -> None:
    """Each person who was considered, with the reason; a leg that goes on says so."""
    lines = told("calls", "show", "0193-c").out.splitlines()
    assert "   0.2  1 ring department: nobody; not anna busy, boris paused" in lines
    assert "  10.2  2 add head: gleb" in lines
    assert "    10.2  gleb PJSIP/gleb, step 2: goes on" in lines
    assert told("calls", "show", "0193-c", "--json").json["considered"] == [
        {"step": 1, "person": "anna", "why": "busy"},
        {"step": 1, "person": "boris", "why": "paused"},
    ]


@pytest.mark.parametrize(("call", "kind"), [("0193-c", "neglect"), ("0194-d", "overload")])
def test_an_escalation_says_of_which_kind_it_is(told: Callable[..., Said], call: str, kind: str) -> None:
    """Everybody at work before the head was talking: overload; somebody had paused: neglect."""
    assert f"escalation to head: {kind}" in told("calls", "show", call).out.splitlines()
    assert told("calls", "show", call, "--json").json["escalation"] == kind
