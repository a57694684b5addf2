"""`callrouter route`, as a user types it."""

from __future__ import annotations

import asyncio
import json
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from callrouter.cli import asking
from callrouter.ledger.period import midnight
from tests.cli.conftest import SCHEME, apply, ship
from tests.store.lives import BORIS, answered

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.cli.conftest import Said

FRIDAY = midnight(date(2026, 11, 20), "Europe/Moscow")
ASK = ("route", "--line", "84951234567", "--from", "8 916 123-45-67")
HOURS = '[calendars]\noffice = {hours = ["Mon-Fri 09:00-18:00"], holidays = "none"}\n[departments]'
OFFICE = SCHEME.replace("[departments]", HOURS).replace(', head = "gleb"', ', head = "gleb", hours = "office"')


@pytest.fixture
def friday(ready: Callable[..., Said], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Said]:
    """The command line on Friday at noon, Moscow, with a scheme in force."""
    asyncio.run(apply())
    monkeypatch.setattr(asking, "now", lambda: FRIDAY + 12 * 3600)
    return ready


def test_the_answer_is_the_contracts_json(friday: Callable[..., Said]) -> None:
    """Line, caller, revision, ladder, closed, and each step with who rings and who does not, and why."""
    told = friday(*ASK, "--assume", "boris=paused, gleb=offline", "--json").json
    keys = ("line", "caller", "revision", "ladder", "closed", "at", "lost_reason", "ends_at")
    assert {key: told[key] for key in keys} == {
        "line": "+74951234567",
        "caller": "+79161234567",
        "revision": 1,
        "ladder": "default",
        "closed": False,
        "at": "2026-11-20T09:00:00.000Z",
        "lost_reason": "no_answer",
        "ends_at": 10.0,
    }
    promised = ("step", "action", "target", "at", "rings", "not_rung")
    assert [{key: step[key] for key in promised} for step in told["steps"]] == [
        {"step": 1, "action": "ring", "target": "department", "at": 0.0, "rings": ["anna"],
         "not_rung": [{"person": "boris", "why": "paused"}]},
        {"step": 2, "action": "add", "target": "head", "at": 10.0, "rings": [],
         "not_rung": [{"person": "gleb", "why": "unreachable"}]},
    ]  # fmt: skip


def test_the_client_is_looked_up_as_for_a_call(friday: Callable[..., Said]) -> None:
    """His card, his manager, and who talked to him last, where the ladder asks for that."""
    last = SCHEME.replace('{ring = "department"', '{ring = ["responsible", "last"], seconds = 5}, {ring = "department"')
    asyncio.run(apply(last))
    asyncio.run(ship(lambda journal: answered(journal, "0191-a", by=BORIS, at=FRIDAY, arrived_at=FRIDAY)))
    told = friday(*ASK, "--json").json
    assert (told["responsible"], told["known_from"], told["steps"][0]["rings"]) == ("boris", "table", ["boris"])
    assert friday("clients", "assign", "+79161234567", "nobody").code == 0
    told = friday(*ASK, "--json").json
    assert (told["responsible"], told["steps"][0]["rings"]) == (None, ["boris"])


def test_another_revision_or_a_file_is_asked(friday: Callable[..., Said]) -> None:
    """A revision that is no longer in force, and a document that is not yet."""
    asyncio.run(apply(OFFICE))
    evening = (*ASK, "--at", "2026-11-20T18:00", "--json")
    assert [friday(*evening).json[key] for key in ("revision", "closed", "ladder")] == [2, True, None]
    assert friday(*evening, "--revision", "1").json["closed"] is False
    Path("next.toml").write_text(OFFICE.replace("18:00", "19:00"), "utf-8")
    told = friday(*evening, "--file", "next.toml").json
    assert (told["revision"], told["closed"]) == (None, False)


def test_the_week_has_every_minute_at_which_the_answer_changes(friday: Callable[..., Said]) -> None:
    """As JSON an entry for each change; for people each answer once, with its hours."""
    asyncio.run(apply(OFFICE))
    told = friday(*ASK, "--week", "--json").json
    assert len(told) == 11  # Friday's midnight, and five days that open and close
    assert [one["from"] for one in told[:3]] == [
        f"2026-11-{moment}.000Z" for moment in ("19T21:00:00", "20T06:00:00", "20T15:00:00")
    ]
    assert [one["closed"] for one in told[:3]] == [True, False, True]
    assert friday(*ASK, "--week").out.splitlines() == [
        "Fri 2026-11-20 to Thu 2026-11-26, Europe/Moscow",
        "",
        "Mon-Fri 00:00-09:00, 18:00-24:00; Sat-Sun (closed, no ladder)",
        "     0.0  lost: closed",
        "",
        "Mon-Fri 09:00-18:00 (open, ladder default)",
        "     0.0  1 ring department: anna, boris",
        "    10.0  2 add head: gleb; beside anna, boris",
        "    60.0  lost: no answer",
    ]


def test_how_a_ladder_ends_is_said(friday: Callable[..., Said]) -> None:
    """A prompt, another place of the dialplan, a rule that refuses, an announcement on the way."""
    line = 'ladder = "default"}'
    for added, said in (
        (', prompt = "sound:bye"}', "    60.0  hears sound:bye, lost: no answer"),
        (', at_end = {context = "ctx,s,1"}}', "    60.0  goes on in ctx,s,1"),
    ):
        asyncio.run(apply(SCHEME.replace(line, line[:-1] + added)))
        assert friday(*ASK).out.splitlines()[-1] == said
    rule = '\n[[rules]]\nname = "no"\nrefuse = true\n'
    asyncio.run(apply(SCHEME + rule))
    assert friday(*ASK).out.splitlines()[2::3] == ["decision  refused, rejected, rule no, no ladder, revision 4",
                                                   "     0.0  lost: rejected"]  # fmt: skip
    assert "(open, rule no, no ladder)" in friday(*ASK, "--week").out
    asyncio.run(apply(SCHEME.replace("seconds = 10}, {add", 'seconds = 10, announce = "sound:a"}, {add')))
    assert "     0.0  hears sound:a" in friday(*ASK).out.splitlines()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--line", "849"], "no line is called '849', and there is no default one; the lines are: +74951234567"),
        (["--assume", "ana=busy"], "--assume: nobody is called 'ana' (did you mean anna?)"),
        (["--assume", "zzzzz"], "--assume: nobody is called 'zzzzz'"),
        (["--assume", "anna=bsy"], "--assume: 'anna=bsy' is not written PERSON=HOW, HOW one of busy, offline,"),
        (["--at", "Friday"], "--at: 'Friday' is no date"),
        (["--revision", "7"], "there is no revision 7; there are 1 to 1"),
        (["--revision", "1", "--file", "x.toml"], "--revision and --file: choose one"),
        (["--file", "x.toml"], "x.toml: No such file or directory"),
    ],
)
def test_what_does_not_exist_is_a_mistake(friday: Callable[..., Said], arguments: list[str], message: str) -> None:
    """Exit 2, nothing on stdout, and what is known instead."""
    said = friday(*ASK, *arguments)
    assert (said.code, said.out) == (2, "")
    assert said.err.startswith(f"error: {message}")


def test_without_a_scheme_it_says_what_to_do(ready: Callable[..., Said]) -> None:
    """A file can be asked all the same."""
    assert ready(*ASK).err.startswith("error: there is no scheme yet: run `callrouter scheme apply FILE` first")
    Path("next.toml").write_text(SCHEME, "utf-8")
    assert json.loads(ready(*ASK, "--file", "next.toml", "--json").out)["ladder"] == "default"
