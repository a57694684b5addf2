"""Hours, absences, duty, superiors, segments and rules, as real phones see them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import pytest_asyncio

from tests.lab import Behaviour, Company, Desk, answers, patience
from tests.real.house import at, hears_something
from tests.real.rig import PEOPLE, Rig, legs, skipped

pytestmark = pytest.mark.asyncio(loop_scope="session")

DAY, NIGHT, FEAST, SHUT = "+74951230101", "+74951230102", "+74951230103", "+74951230104"
HIGHER, DIRECT, LAST, AGAIN, ELSEWHERE = "+74951230105", "+74951230106", "+74951230107", "+74951230108", "+74951230109"
ANNAS, KEY, DULL, BLOCKED = "+79161230001", "+79161230002", "+79161230003", "+79161230004"
CLIENTS = f"""phone,name,responsible,priority,segment
{ANNAS},ООО Ромашка,anna,A,
{KEY},АО Ключ,,A,key
{DULL},Не интересен,,X,
"""
FALLBACK = """[callrouter-fallback]
exten => _[+0-9].,1,Hangup(34)
[elsewhere]
exten => 600,1,Dial(PJSIP/201,20)
 same => n,Hangup()
"""


def document() -> str:
    """Return the scheme: the same working day by two clocks, on one of which it is noon now and on the other night."""
    now = datetime.now(ZoneInfo("Europe/Moscow"))
    yesterday, today, tomorrow = ((now + timedelta(days=days)).date() for days in (-1, 0, 1))
    people = {
        "anna": f', absences = [{{from = "{yesterday}", to = "{tomorrow}", reason = "отпуск", deputy = "boris"}}]',
        "boris": ', reports_to = "gleb"',
        "vera": ', hours = "night"',
        "egor": ', hours = "night"',
    }
    lines = "\n".join(
        f'{key} = {{name = "{key}", phones = ["PJSIP/{number}"]{people.get(key, "")}}}'
        for key, number in (PEOPLE | {"egor": "130"}).items()
    )
    return f"""version = 1
timezone = "Europe/Moscow"
country = "RU"
[people]
{lines}
[company]
owner = "irina"
ring_at_most = 6
claim_after = 0.3
[calendars]
day = {{hours = ["Mon-Sun 09:00-18:00"], holidays = "none", timezone = "{_clock(13)}"}}
night = {{hours = ["Mon-Sun 09:00-18:00"], holidays = "none", timezone = "{_clock(1)}"}}
feast = {{hours = ["Mon-Sun 00:00-24:00"], holidays = "none", days = {{"{today}" = "closed", "{tomorrow}" = "closed"}}}}
[departments]
sales = {{name = "Отдел продаж", members = ["anna", "boris", "vera", "egor"], head = "gleb"}}
[segments]
key = {{members = ["irina"]}}
[[duty]]
from = "{yesterday}"
to = "{tomorrow}"
people = ["vera"]
department = "sales"
[[rules]]
name = "ключевые"
when = {{segment = "key"}}
ladder = "key"
[[rules]]
name = "не интересны"
when = {{priority = "X"}}
refuse = true
[numbers]
blocked = ["{BLOCKED}"]
[ladders]
default = [{{ring = "responsible", seconds = 1.5}}, {{ring = "department", seconds = 1.5}},
  {{ring = "head", seconds = 1.5}}]
duty = [{{ring = "on_duty", seconds = 5}}]
key = [{{ring = "segment", seconds = 5}}]
higher = [{{ring = "person:boris", seconds = 1.5}}, {{ring = "higher", seconds = 1.5}},
  {{ring = "higher", seconds = 1.5}}, {{ring = "higher", seconds = 5}}]
last = [{{ring = ["responsible", "last"], seconds = 5}}, {{ring = "owner", seconds = 5}}]
short = [{{ring = "person:boris", seconds = 1.5}}, {{ring = "head", seconds = 1.5}}]
[lines]
"{DAY}" = {{department = "sales", hours = "day"}}
"{NIGHT}" = {{department = "sales", hours = "night", closed = {{ladder = "duty"}}}}
"{FEAST}" = {{department = "sales", hours = "feast", closed = {{prompt = "digits:12"}}}}
"{SHUT}" = {{department = "sales", hours = "night"}}
"{HIGHER}" = {{department = "sales", ladder = "higher"}}
"{DIRECT}" = {{department = "sales", person = "gleb", person_seconds = 1.5, numbers = ["+7495123020X"]}}
"{LAST}" = {{department = "sales", ladder = "last"}}
"{AGAIN}" = {{department = "sales", ladder = "short", at_end = {{again = true, seconds = 3}}}}
"{ELSEWHERE}" = {{department = "sales", ladder = "short", at_end = {{context = "elsewhere,600,1"}}}}
"""


def _clock(hour: int) -> str:
    """Return a time zone in which this hour runs now, or the one before."""
    zones = [f"Etc/GMT{west:+d}" for west in range(-13, 12)]
    return next(zone for zone in zones if datetime.now(ZoneInfo(zone)).hour in {hour - 1, hour})


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def office() -> AsyncIterator[Rig]:
    """The company with its router, at this hour."""
    desks: list[str | Desk] = [*PEOPLE.values(), "130", "201"]
    async with Rig(document(), desks=desks, company=Company(fallback=FALLBACK), clients=CLIENTS) as rig:
        yield rig


async def _called(office: Rig, line: str, caller: str, *, leaves: bool = False) -> dict[str, Any]:
    """Let a client call a line until he is let go, or talks and hangs up; return the row of his call."""
    before = {row["id"] for row in await office.calls()}
    call = await office.trunk.dial(line, caller=caller)
    if leaves:
        await call.wait("answered", 10.0)
        await hears_something(call)
        await asyncio.sleep(0.4)  # a conversation that makes a client somebody's
        await call.hangup()
    await call.wait("ended", 20.0)
    async with patience(5.0):
        while not (fresh := [row for row in await office.calls() if row["id"] not in before]):  # noqa: ASYNC110 - another process's
            await asyncio.sleep(0.05)
    await office.lab.quiet()
    return fresh[0] | {"status": call.status}


def _rung(office: Rig, *people: str) -> dict[str, int]:
    """Return how often these phones were rung since they were last asked, and forget it."""
    found = {person: len(office.phone({"egor": "130"}.get(person, person)).invites) for person in people}
    for phone in office.lab.phones:
        phone.forget()
        phone.behaviour = Behaviour()
    return found


ALL = (*PEOPLE, "egor", "201")


async def test_by_day_the_ladder_runs_without_who_is_away(office: Rig) -> None:
    """On an open line a stranger reaches those who are there: neither who is absent nor whose day is over."""
    _rung(office, *ALL)
    row = await _called(office, DAY, "+79260000001")
    assert (row["outcome"], row["lost_reason"], skipped(row)) == ("lost", "no_answer", ["no_responsible", None, None])
    assert _rung(office, *ALL) == {"anna": 0, "boris": 1, "vera": 1, "gleb": 1, "irina": 0, "egor": 0, "201": 0}
    shown = await office.run("calls", "show", row["id"])
    assert "absent" in shown
    assert "off hours" in shown.replace("_", " ")


async def test_the_deputy_gets_the_calls_of_who_is_absent(office: Rig) -> None:
    """The client of a manager on holiday reaches his deputy first, whose phone says whose client calls."""
    _rung(office, *ALL)
    office.phone("boris").behaviour = answers(after=0.2)
    row = await _called(office, DAY, ANNAS, leaves=True)
    assert (row["answered_by"], row["answered_step"], row["responsible"]) == ("boris", 1, "anna")
    assert office.phone("boris").calls[0].shown.name == "ООО Ромашка · anna"
    assert _rung(office, *ALL)["anna"] == 0


async def test_by_night_whoever_is_on_duty_is_rung(office: Rig) -> None:
    """On a closed line its other ladder runs: the duty table knows who has the night, whatever his hours are."""
    _rung(office, *ALL)
    office.phone("vera").behaviour = answers(after=0.2)
    row = await _called(office, NIGHT, "+79260000002", leaves=True)
    assert (row["answered_by"], [step["target"] for step in row["steps"]]) == ("vera", ["on_duty"])
    rung = _rung(office, *ALL)
    assert (rung["vera"], sum(rung.values())) == (1, 1)


async def test_on_a_holiday_the_caller_hears_why(office: Rig) -> None:
    """A line that is closed today plays its prompt, rings nobody, and the call is lost as closed."""
    _rung(office, *ALL)
    call = await office.trunk.dial(FEAST, caller="+79260000003")
    await hears_something(call)
    await call.wait("ended", 20.0)
    assert call.status == 480
    assert sum(_rung(office, *ALL).values()) == 0
    async with patience(5.0):
        while not (rows := [row for row in await office.calls() if row["line"] == FEAST]):  # noqa: ASYNC110 - another process's
            await asyncio.sleep(0.05)
    assert [(row["outcome"], row["lost_reason"], row["steps"]) for row in rows] == [("lost", "closed", [])]


async def test_a_closed_line_without_more_lets_the_caller_go(office: Rig) -> None:
    """A closed line with neither ladder nor prompt is 480 at once, and lost as closed."""
    row = await _called(office, SHUT, "+79260000004")
    assert (row["status"], row["lost_reason"]) == (480, "closed")
    assert at(row["ended_at"]).after(at(row["arrived_at"])) < 1.0


async def test_higher_and_higher_up_to_the_owner(office: Rig) -> None:
    """Each `higher` is the superior of the one before; above the owner there is nobody."""
    _rung(office, *ALL)
    row = await _called(office, HIGHER, "+79260000005")
    assert [leg["person"] for leg in row["legs"]] == ["boris", "gleb", "irina"]
    assert skipped(row) == [None, None, None, "no_superior"]


async def test_a_direct_line_rings_its_person_first(office: Rig) -> None:
    """Who dials a direct line, by one of its numbers, rings that phone; behind it stands the ladder, the base too."""
    _rung(office, *ALL)
    row = await _called(office, "+74951230207", ANNAS)
    assert (row["line"], row["client"], row["responsible"]) == ("+74951230207", "ООО Ромашка", "anna")
    assert [(leg["person"], leg["step"]) for leg in row["legs"][:2]] == [("gleb", 1), ("boris", 2)]


async def test_who_talked_to_him_last_is_rung_first(office: Rig) -> None:
    """A caller whom somebody talked to lately, and who is nobody's, reaches that colleague."""
    _rung(office, *ALL)
    office.phone("irina").behaviour = answers(after=0.2)
    first = await _called(office, LAST, "+79260000006", leaves=True)
    assert (first["answered_by"], first["steps"][0]["skipped"]) == ("irina", "no_responsible")
    office.phone("irina").behaviour = answers(after=0.2)
    again = await _called(office, LAST, "+79260000006", leaves=True)
    assert (again["answered_by"], again["answered_step"]) == ("irina", 1)


async def test_a_rule_sends_a_segment_to_its_specialists(office: Rig) -> None:
    """The first rule that holds chooses the ladder, and the call's trace names it."""
    _rung(office, *ALL)
    office.phone("irina").behaviour = answers(after=0.2)
    row = await _called(office, DAY, KEY, leaves=True)
    assert (row["answered_by"], [step["target"] for step in row["steps"]]) == ("irina", ["segment"])
    assert "ключевые" in await office.run("calls", "show", row["id"])


async def test_refused_and_blocked_callers_hear_603(office: Rig) -> None:
    """A rule's refusal is an inbound call that was rejected; a blocked number is none; no phone rings for either."""
    _rung(office, *ALL)
    refused = await _called(office, DAY, DULL)
    blocked = await _called(office, DAY, BLOCKED)
    assert [(row["status"], row["direction"], row["lost_reason"]) for row in (refused, blocked)] == [
        (603, "in", "rejected"),
        (603, "blocked", "rejected"),
    ]
    assert sum(_rung(office, *ALL).values()) == 0


async def test_at_the_end_everybody_once_more(office: Rig) -> None:
    """When the ladder has run out, all its people who are not away ring together; who rings already rings on."""
    _rung(office, *ALL)
    row = await _called(office, AGAIN, "+79260000007")
    assert legs(row) == {"boris": ["no_answer", "no_answer"], "gleb": ["no_answer"]}
    assert [leg["step"] for leg in row["legs"]] == [1, 2, 3]


async def test_at_the_end_the_dialplan_goes_on(office: Rig) -> None:
    """When the ladder has run out, the caller goes on in another context of the dialplan; we lost the call."""
    _rung(office, *ALL)
    office.phone("201").behaviour = answers(after=0.2)
    row = await _called(office, ELSEWHERE, "+79260000008", leaves=True)
    assert (row["outcome"], row["lost_reason"]) == ("lost", "no_answer")
    assert _rung(office, "201") == {"201": 1}
