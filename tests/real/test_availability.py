"""Who can be rung: pauses, wrap-up, do not disturb, forwarding; who waits for the same person is served by weight."""

from __future__ import annotations

import asyncio
import json

import pytest
from sqlalchemy import make_url

from callrouter.store import schemes
from tests.lab import Company, Moment, Proxy, patience
from tests.lab.call import Call
from tests.lab.config import DIALPLAN
from tests.real.rig import LINE, Rig, scheme, skipped
from tests.real.test_features import dialled
from tests.real.test_takeover import BROADCAST, SECOND

LADDER = '{ring = "person:anna", seconds = 5}, {ring = "person:boris", seconds = 5}'
WAITS = '{ring = "person:anna", seconds = 20, if_busy = "wait"}'
KNOWN = 2.0
"""Seconds within which workers know of a change."""
AT_ONCE = 0.5
"""Seconds within which they know by being told; five times in a row they would not by looking each second."""
WRAP_UP = "wrap_up = 3"
CLIENTS = """phone,name,priority
89161230001,First,A
89161230002,Second,B
89161230003,Third,C
89161230009,Last,X
"""


async def rings(rig: Rig) -> list[str]:
    """Wait until a phone rings; return which ones do."""
    async with patience(5.0):
        while not any(phone.ringing for phone in rig.lab.phones):  # noqa: ASYNC110 - theirs
            await asyncio.sleep(0.005)
    return [phone.name for phone in rig.lab.phones if phone.ringing]


async def first_step(rig: Rig, caller: str = "+79990000000") -> str | None:
    """Call the line until somebody rings; return why the first step was skipped."""
    call = await rig.trunk.dial(LINE, caller=caller)
    await rings(rig)
    await call.hangup()
    return skipped((await rig.ended(len(rig.trunk.calls)))[-1])[0]


async def known(rig: Rig, wanted: str | None) -> float:
    """Wait until the first step is skipped for this reason; return how long that took."""
    begun = Moment.now()
    while await first_step(rig) != wanted:
        assert Moment.now().after(begun) < KNOWN
    return Moment.now() - begun


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
async def test_a_pause_is_known_within_two_seconds(database: str, request: pytest.FixtureRequest) -> None:
    """By the command line: who has paused is passed over, and rung again when he is back or the pause is over."""
    url = None if database == "sqlite" else str(request.getfixturevalue("postgres_url"))
    async with Rig(scheme(LADDER), database_url=url) as rig:
        assert await first_step(rig) is None
        await rig.run("people", "pause", "anna", "--reason", "обед")
        paused = await known(rig, "paused")
        await rig.run("people", "resume", "anna")
        print(f"{database}: paused after {paused:.2f} s, back after {await known(rig, None):.2f} s")
        await rig.run("people", "pause", "anna", "--for", "3s")
        await known(rig, "paused")
        ends = Moment.now()
        while await first_step(rig) == "paused":
            assert Moment.now().after(ends) < KNOWN + 3


async def test_news_are_heard_at_once_and_after_a_gap(postgres_url: str) -> None:
    """PostgreSQL tells of a new revision; while it is away who has paused has paused; then it is heard again."""
    proxy, real = Proxy(), make_url(postgres_url)
    await proxy.open(real.port or 5432)
    url = real.set(port=proxy.port).render_as_string(hide_password=False)
    try:
        async with Rig(scheme(LADDER), database_url=url) as rig:
            await rig.run("people", "pause", "anna")
            await known(rig, "paused")
            proxy.cut()
            await rig.says("the scheme stays as it was")
            call = await rig.trunk.dial(LINE, caller="+79990000000")
            assert await rings(rig) == ["102"]
            await call.hangup()
            proxy.resume()
            assert skipped((await rig.ended(len(rig.trunk.calls), 10.0))[-1])[0] == "paused"
            await rig.run("people", "resume", "anna")
            await known(rig, None)
            for revision in range(2, 7):
                async with rig._database.writing() as connection:
                    await schemes.apply(connection, scheme(LADDER, line=f', prompt = "sound:{revision}"').encode(), 0.0)
                begun = Moment.now()
                await rig.says(f'"revision": {revision}', AT_ONCE)
                print(f"a revision is in force after {(Moment.now() - begun) * 1000:.0f} ms")
    finally:
        await proxy.close()


async def _talk(rig: Rig, person: str, caller: str = "+79990000001") -> Call:
    """Have somebody talk to a caller."""
    call = await rig.trunk.dial(LINE, caller=caller)
    ringing = await rig.phone(person).incoming()
    ringing.answer()
    await call.wait("answered")
    await call.hears(ringing)
    return call


async def test_a_conversation_is_written_up(postgres_url: str) -> None:
    """For so many seconds she is busy, at both workers; the call that waits for her rings her then, or by her code."""
    features = "callrouter-features.conf"
    plan = f"[phones](+)\ninclude => callrouter-features\n#include {features}\n"
    company = Company(entry=BROADCAST.entry, dialplan=plan, files={features: (DIALPLAN / features).read_text()})
    async with Rig(scheme(WAITS, company=WRAP_UP), company=company, database_url=postgres_url) as rig:
        other = await rig.join("second", APP=SECOND)
        await other.is_ready()
        for _ in range(4):  # some of the waiting calls are the other worker's
            talked = await _talk(rig, "anna")
            await talked.hangup()
            call = await rig.trunk.dial(LINE, caller="+79990000002")
            ringing = await rig.phone("anna").incoming()
            assert talked.ended_at is not None
            print(f"rung {ringing.invited_at - talked.ended_at:.2f} s after she had hung up")
            assert ringing.invited_at - talked.ended_at > 2.9
            assert ringing.invited_at.after(talked.ended_at) < 4.0
            await call.hangup()
            await ringing.wait("ended")
        await (await _talk(rig, "anna")).hangup()
        await (await dialled(rig, "*250")).hangup()  # it has done what it says when its sound is heard
        hung_up = Moment.now()
        call = await rig.trunk.dial(LINE, caller="+79990000003")
        await rig.phone("anna").incoming()
        assert Moment.now().after(hung_up) < 1.0
        await call.hangup()


async def test_who_is_writing_up_is_passed_over_where_nobody_waits() -> None:
    """The ladder goes on at once, and says why."""
    async with Rig(scheme(LADDER, company=WRAP_UP)) as rig:
        await (await _talk(rig, "anna")).hangup()
        assert await first_step(rig) == "wrap_up"


async def test_do_not_disturb_and_forwarding_as_freepbx_keeps_them() -> None:
    """Where the scheme says so, `Custom:DND101` and `Custom:CF101` are asked; where it does not, they are not."""
    async with Rig(scheme(LADDER, company="custom_states = true")) as rig:
        asterisk = rig.lab.asterisk
        assert await first_step(rig) is None
        for state, why in (("DND101", "do_not_disturb"), ("CF101", "forwarded"), ("DND102", None)):
            await asterisk.cli(f"devstate change Custom:{state} BUSY")
            assert await first_step(rig) == why
            await asterisk.cli(f"devstate change Custom:{state} NOT_INUSE")
        await asterisk.cli("devstate change Custom:DND101 BUSY")
        await rig.apply(scheme(LADDER))
        await known(rig, None)


async def test_weight_goes_before_patience() -> None:
    """Five wait for one person: she is rung for A, then B, C, the one without a priority, and X at last."""
    async with Rig(scheme(WAITS.replace("20", "60")), clients=CLIENTS) as rig:
        anna = rig.phone("anna")
        talks = await _talk(rig, "anna")
        numbers = {f"8916123000{n}": name for n, name in ((9, "X"), (5, "none"), (3, "C"), (2, "B"), (1, "A"))}
        waiting = {}
        for number in numbers:
            waiting[number] = await rig.trunk.dial(LINE, caller=number)
            await waiting[number].wait("ringing")
        async with patience(5.0):
            while [bool(one.steps and one.steps[-1].waiting) for one in await rig.live()].count(True) < len(numbers):  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        served = []
        await talks.hangup()
        freed = Moment.now()
        for _ in numbers:
            ringing = await anna.incoming()
            served.append(next(name for number, name in numbers.items() if number[1:] in ringing.invite.get("From")))
            if len(served) == 1:
                print(f"the first is rung {Moment.now() - freed:.2f} s after she was free")
            assert len(anna.ringing) <= 1
            ringing.answer()
            number = next(number for number, name in numbers.items() if name == served[-1])
            await waiting[number].wait("answered")
            await waiting[number].hears(ringing)
            await waiting[number].hangup()
        assert served == ["A", "B", "C", "none", "X"]


async def test_fifty_are_asked_together() -> None:
    """A department of fifty, with everything that can be asked of a phone, is asked in no time: all of them ring."""
    desks = [str(200 + number) for number in range(50)]
    people = "\n".join(f'p{desk} = {{name = "{desk}", phones = ["PJSIP/{desk}"]}}' for desk in desks)
    document = scheme('{ring = "department", seconds = 20}', company="wrap_up = 30\ncustom_states = true")
    document = document.replace("[people]", f"[people]\n{people}")
    members = json.dumps([f"p{desk}" for desk in desks])
    document = document.replace('members = ["anna", "boris", "vera"]', f"members = {members}")
    async with Rig(document, desks=[*desks, *("101", "102", "103", "110", "120")]) as rig:
        for _ in range(3):
            call = await rig.trunk.dial(LINE, caller="+79990000000")
            rung = await asyncio.gather(*(rig.lab.phone(desk).incoming() for desk in desks))
            at = sorted(one.invited_at - call.invited_at for one in rung)
            print(f"of fifty the first is rung after {at[0] * 1000:.0f} ms, the last after {at[-1] * 1000:.0f} ms")
            assert min(one.invited_at.after(call.invited_at) for one in rung) < 1.0
            await call.hangup()
            await asyncio.gather(*(one.wait("ended") for one in rung))
