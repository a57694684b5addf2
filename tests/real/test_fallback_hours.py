"""Hours in the rendered fallback on a real Asterisk: day, night and holiday by a shifted clock.

`GotoIfTime` believes the variable TESTTIME (seconds since 1970), which the function TESTTIME() sets on a channel; as a
global variable it shifts the clock of every call. The duty table goes by the true clock.
"""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import TYPE_CHECKING

from callrouter.cdr import file
from callrouter.core.recorded import Recorded, gather
from callrouter.core.words import LostReason
from callrouter.routing.fallback import render
from callrouter.routing.scheme import parse
from tests.lab import patience
from tests.lab.behaviour import answers, refuses
from tests.lab.company import Company
from tests.lab.lab import Lab
from tests.test_fallback import NEAR

if TYPE_CHECKING:
    from tests.lab.call import Call

SCHEME = """version = 1
timezone = "Europe/Moscow"
country = "RU"
[calendars.office]
hours = ["Mon-Fri 09:00-13:00, 14:00-18:00"]
short_before_holidays = 60
days = {"2026-12-30" = "10:00-11:00"}
[calendars.berlin]
hours = ["Fri 22:00-02:00"]
holidays = "none"
timezone = "Europe/Berlin"
[company]
owner = "irina"
ring_at_most = 6
[people]
anna = {name = "Анна", phones = ["PJSIP/101"]}
boris = {name = "Борис", phones = ["PJSIP/102"]}
vera = {name = "Вера", phones = ["PJSIP/103"]}
irina = {name = "Ирина", phones = ["PJSIP/120"]}
[departments.sales]
members = ["anna", "boris", "vera"]
hours = "office"
extension = "600"
[[duty]]
from = "2026-01-01"
to = "2099-01-01"
people = ["irina"]
[ladders]
default = [{ring = "person:anna", seconds = 5}]
shut = [{ring = "on_duty", seconds = 5}]
in_turn = [{ring = "department", order = "listed", seconds = 3, each = 1}, {add = "owner", seconds = 1}]
pairs = [{ring = "department", order = "listed", at_once = 2, seconds = 2}]
nowhere = [{ring = "person:anna", seconds = 1}]
[lines]
"+74951234567" = {department = "sales", closed = {ladder = "shut"}}
"+74951234568" = {hours = "berlin", department = "sales"}
tracked = {numbers = ["+7495765XXXX"], department = "sales", closed = {prompt = "digits:12"}}
700 = {ladder = "in_turn", department = "sales", hours = "always"}
701 = {ladder = "pairs", department = "sales", hours = "always"}
702 = {ladder = "nowhere", person = "boris", person_seconds = 1, at_end = {context = "elsewhere,100,1"}}
[calendars.always]
hours = ["Mon-Sun 00:00-24:00"]
holidays = "none"
"""
RENDERED_AT = datetime.fromisoformat("2026-11-22 12:00+03:00").timestamp()
ELSEWHERE = "[elsewhere]\nexten => 100,1,Dial(${PJSIP_DIAL_CONTACTS(120)},5)\n same => n,Hangup(19)\n"


def laboratory() -> Lab:
    """Return a PBX without a router, with the fallback of the scheme."""
    fallback = render(parse(SCHEME.encode()), 7, "0" * 64, RENDERED_AT)
    return Lab(["101", "102", "103", "120"], Company(fallback=fallback, dialplan=ELSEWHERE))


async def shift(lab: Lab, moment: str) -> None:
    """Put Asterisk's clock, as the dialplan's conditions see it."""
    at = datetime.fromisoformat(moment).timestamp()
    await lab.asterisk.cli(f"dialplan set global TESTTIME {at:.0f}")


async def ends(call: Call, seconds: float) -> None:
    """Wait until the caller was sent away, after so many seconds."""
    assert (await call.wait("ended")).comes(seconds, call.invited_at, give_or_take=NEAR)


async def lost(lab: Lab, call: Call, count: int) -> LostReason | None:
    """Return why the newest of so many calls was lost, as the router would read it from Asterisk's own records."""
    await call.wait("ended")
    async with patience(3):
        while len(found := recorded(lab)) < count:  # noqa: ASYNC110 - another process's file
            await asyncio.sleep(0.02)
    return found[-1].lost


def recorded(lab: Lab) -> tuple[Recorded, ...]:
    """Return what Asterisk has recorded of the calls that are over."""
    portion = file.read(lab.asterisk.cdr_file, None)
    return () if portion is None else gather(portion.records)


async def test_day_night_and_holiday() -> None:
    """In its hours a line rings its ladder, outside of them who is on duty: to the second, by the calendar's zone."""
    day, duty = "101", "120"
    moments = {
        "2026-11-23 08:59:59+03:00": duty,
        "2026-11-23 09:00:00+03:00": day,
        "2026-11-23 12:59:59+03:00": day,
        "2026-11-23 13:00:00+03:00": duty,
        "2026-11-23 17:59:59+03:00": day,
        "2026-11-23 18:00:00+03:00": duty,
        "2026-11-22 12:00:00+03:00": duty,  # a Sunday
        "2026-12-30 10:59:59+03:00": day,  # a day of its own
        "2026-12-30 11:00:00+03:00": duty,
        "2026-12-31 12:00:00+03:00": duty,  # a day off, moved from a Sunday
        "2027-01-04 12:00:00+03:00": duty,
        "2027-02-20 12:00:00+03:00": day,  # a working Saturday, …
        "2027-02-20 17:00:00+03:00": duty,  # an hour shorter, as the day before a holiday that it was exchanged for
        "2027-02-22 12:00:00+03:00": duty,
        "2027-04-30 16:59:59+03:00": day,  # the day before a holiday
        "2027-04-30 17:00:00+03:00": duty,
    }
    async with laboratory() as lab:
        for name in (day, duty):
            lab.phone(name).behaviour = answers()
        rung: dict[str, str] = {}
        for moment in moments:
            await shift(lab, moment)
            before = {name: len(lab.phone(name).invites) for name in (day, duty)}
            call = await lab.trunk.dial("84951234567")
            await call.wait("answered")
            rung[moment] = "".join(name for name in before if len(lab.phone(name).invites) > before[name])
            await call.hangup()
        assert rung == moments


async def test_hours_over_midnight_in_another_zone() -> None:
    """Friday's night in Berlin ends at two on Saturday there, which is four in Moscow."""
    async with laboratory() as lab:
        lab.phone("101").behaviour = answers()
        served: list[int] = []
        for moment in (
            "2026-11-27 21:59:59+01:00",
            "2026-11-27 22:00:00+01:00",
            "2026-11-28 01:59:59+01:00",
            "2026-11-28 02:00:00+01:00",
        ):
            await shift(lab, moment)
            call = await lab.trunk.dial("+74951234568")
            await (call.wait("answered") if moment[11:13] in ("22", "01") else call.wait("ended"))
            served.append(call.status or 0)
            await call.hangup()
        assert served == [480, 200, 200, 480]


async def test_a_closed_line_without_a_ladder_is_lost_as_closed() -> None:
    """Nobody is rung, the caller is told 480 (after the prompt, if there is one), and the record says why."""
    async with laboratory() as lab:
        await shift(lab, "2026-11-23 20:00+03:00")
        call = await lab.trunk.dial("+74951234568")
        assert await lost(lab, call, 1) is LostReason.CLOSED
        assert (call.status, set(call.provisional), call.answered_at) == (480, {100}, None)
        call = await lab.trunk.dial("+74957650123")
        assert await lost(lab, call, 2) is LostReason.CLOSED
        assert (call.status, call.provisional[-1], call.answered_at) == (480, 183, None)
        assert [phone.invites for phone in lab.phones] == [[], [], [], []]


async def test_whoever_is_on_duty_does_not_answer() -> None:
    """The call was rung and is lost as closed all the same; who leaves before that has left."""
    async with laboratory() as lab:
        await shift(lab, "2026-11-23 20:00+03:00")
        lab.phone("120").behaviour = refuses(603, 0.2)
        call = await lab.trunk.dial("+74951234567")
        await lab.phone("120").incoming()
        assert await lost(lab, call, 1) is LostReason.CLOSED
        assert call.status == 480
        lab.phone("120").behaviour = answers(4)
        call = await lab.trunk.dial("+74951234567")
        await lab.phone("120").incoming()
        await call.hangup()
        assert await lost(lab, call, 2) is LostReason.ABANDONED


async def test_a_number_of_a_pattern_and_a_departments_own_number_are_lines() -> None:
    """The trunk may write them as it likes."""
    async with laboratory() as lab:
        await shift(lab, "2026-11-23 12:00+03:00")
        lab.phone("101").behaviour = answers()
        for dialled in ("+74957650001", "74957659999", "84957650123", "4957650123", "0074957650123", "600"):
            call = await lab.trunk.dial(dialled)
            await call.wait("answered")
            await call.hangup()
        call = await lab.trunk.dial("84957660123")
        await call.wait("ended")
        assert call.status == 503


async def test_people_in_turn_ring_one_after_the_other() -> None:
    """As they are listed, each for his seconds; who is added afterwards rings alone."""
    async with laboratory() as lab:
        call = await lab.trunk.dial("700")
        await ends(call, 4)
        for seconds, name in enumerate(("101", "102", "103", "120")):
            assert lab.phone(name).invites[0].at.comes(seconds, call.invited_at, give_or_take=NEAR), name
        assert [len(phone.invites) for phone in lab.phones] == [1, 1, 1, 1]


async def test_the_next_of_a_list_ring_when_those_before_are_gone() -> None:
    """Two together refuse at once; the third has the rest of the step."""
    async with laboratory() as lab:
        for name in ("101", "102"):
            lab.phone(name).behaviour = refuses(603, 0.2)
        call = await lab.trunk.dial("701")
        await ends(call, 2)
        assert [len(phone.invites) for phone in lab.phones] == [1, 1, 1, 0]
        assert lab.phone("103").calls[0].cancelled


async def test_a_direct_line_and_a_place_of_the_dialplan_at_its_end() -> None:
    """Whose line it is rings first, then the ladder, then the dialplan goes on where the scheme says."""
    async with laboratory() as lab:
        lab.phone("120").behaviour = answers()
        call = await lab.trunk.dial("702")
        assert (await call.wait("answered")).comes(2, call.invited_at, give_or_take=NEAR)
        assert [len(phone.invites) for phone in lab.phones] == [1, 1, 0, 1]
        boris, anna = lab.phone("102").invites[0].at, lab.phone("101").invites[0].at
        assert anna.comes(1, boris, give_or_take=NEAR)
