"""The laboratory proves itself: what the tests rely on holds on the real Asterisk."""

from __future__ import annotations

import asyncio
import signal
import sys
from typing import TYPE_CHECKING

import asyncpg  # type: ignore[import-untyped]
import pytest

from tests.lab import (
    Asterisk,
    AsteriskRoot,
    Behaviour,
    Company,
    Desk,
    Identity,
    Lab,
    LabError,
    Moment,
    answers,
    refuses,
    rejects,
    rings,
    silent,
)
from tests.lab.agent import Agent
from tests.lab.application import Application
from tests.lab.phone import Phone
from tests.lab.sip import Message, offer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

LINE = "+74951234567"
FALLBACK = """[callrouter-fallback]
exten => _[+0-9].,1,Dial(PJSIP/101,20)
 same => n,Hangup(${HANGUPCAUSE})
"""


@pytest.fixture
async def lab(asterisk_root: AsteriskRoot) -> AsyncIterator[Lab]:
    """Three phones and a trunk, no router, a fallback that rings 101."""
    async with Lab(["101", "102", "103"], Company(fallback=FALLBACK), root=asterisk_root) as running:
        yield running


async def test_two_phones_talk(lab: Lab) -> None:
    """A phone dials another, both hear each other, and hanging up one ends the other."""
    lab.phone("102").behaviour = answers(0.2)
    mine = await lab.phone("101").dial("102")
    theirs = await lab.phone("102").incoming()
    answered = await mine.wait("answered")
    assert theirs.answered_at is not None
    assert theirs.answered_at - theirs.invited_at >= 0.2
    assert answered.after(theirs.invited_at) < 1.0
    await mine.hears(theirs)
    await theirs.hears(mine)
    await mine.hangup()
    await theirs.wait("ended")
    assert (mine.ended_by_us, theirs.ended_by_us) == (True, False)
    assert [len(lab.phone("102").invites), len(lab.phone("102").cancels), len(lab.phone("102").byes)] == [1, 0, 1]


async def test_caller_gives_up(lab: Lab) -> None:
    """A caller who gives up leaves a cancelled phone that shows a missed call."""
    mine = await lab.phone("101").dial("102")
    theirs = await lab.phone("102").incoming()
    await theirs.wait("ringing")
    await mine.hangup()
    await theirs.wait("ended")
    assert (mine.status, theirs.status, theirs.cancelled) == (487, 487, True)
    assert "completed elsewhere" not in theirs.cancel_reason


async def test_loser_is_told_elsewhere(asterisk_root: AsteriskRoot) -> None:
    """The slower of two devices on one number is cancelled as completed elsewhere."""
    async with Lab(["101", Desk("102", devices=2)], root=asterisk_root) as lab:
        lab.devices["102"][0].behaviour = answers(0.3)
        mine = await lab.phone("101").dial("102")
        loser = await lab.devices["102"][1].incoming()
        await mine.wait("answered")
        await loser.wait("ended")
        assert loser.cancel_reason == "Call completed elsewhere"


@pytest.mark.parametrize(("behaviour", "status"), [(rejects(486), 486), (rejects(480), 480), (refuses(603), 403)])
async def test_final_codes(lab: Lab, behaviour: Behaviour, status: int) -> None:
    """A phone's final code reaches a colleague as Asterisk translates it."""
    lab.phone("102").behaviour = behaviour
    mine = await lab.phone("101").dial("102")
    await mine.wait("ended")
    assert mine.status == status
    assert lab.phone("102").calls[0].ringing_at is None or behaviour.ring_after == 0.0


async def test_redirect_is_followed(lab: Lab) -> None:
    """Native Dial follows a 302 to the other phone."""
    lab.phone("102").behaviour = Behaviour(ring_after=None, final=302, forward_to="103")
    lab.phone("103").behaviour = answers()
    mine = await lab.phone("101").dial("102")
    await mine.wait("answered")
    assert len(lab.phone("103").invites) == 1


async def test_behaviours_of_the_next_calls(lab: Lab) -> None:
    """Behaviours queued with `then` are used up one call each, then the standing one holds again."""
    phone = lab.phone("102")
    phone.behaviour = answers(hangup_after=0.1)
    phone.then(rejects(486))
    first = await lab.phone("101").dial("102")
    await first.wait("ended")
    second = await lab.phone("101").dial("102")
    ended = await second.wait("ended")
    assert (first.status, second.status, second.ended_by_us) == (486, 200, False)
    assert second.answered_at is not None
    told = phone.calls[-1]
    assert told.ended_at is not None
    assert told.answered_at is not None
    assert told.ended_at - told.answered_at >= 0.1
    assert ended.after(second.answered_at) < 1.0


async def test_phone_without_power(lab: Lab) -> None:
    """A phone that says nothing neither rings nor refuses, and the caller can still leave."""
    lab.phone("102").behaviour = silent()
    mine = await lab.phone("101").dial("102")
    await lab.phone("102").incoming()
    await mine.hangup()
    assert mine.ringing_at is None
    lab.phone("102").calls.clear()


async def test_unregistered_and_dead(asterisk_root: AsteriskRoot) -> None:
    """An unregistered phone is refused at once; of two contacts, one of them dead, the living one rings."""
    desks = [Desk("101"), Desk("102", devices=0), Desk("103", dead=True)]
    async with Lab(desks, root=asterisk_root) as lab:
        mine = await lab.phone("101").dial("102")
        await mine.wait("ended", 2.0)
        assert mine.answered_at is None
        other = await lab.phone("101").dial("103")
        await other.wait("ringing", 2.0)
        await other.hangup()


async def test_pickup(lab: Lab) -> None:
    """A colleague takes a ringing call over with *8 and talks; the phone that rang is cancelled."""
    mine = await lab.phone("101").dial("102")
    rung = await lab.phone("102").incoming()
    await rung.wait("ringing")
    taken = await lab.phone("103").dial("*8")
    await taken.wait("answered")
    await mine.wait("answered")
    await rung.wait("ended")
    assert (rung.cancelled, rung.cancel_reason) == (True, "Q.850;cause=16")  # Pickup() does not say elsewhere
    await mine.hears(taken)
    await taken.hears(mine)


async def test_blind_transfer(lab: Lab) -> None:
    """A blind transfer connects the caller with the third phone and frees the second."""
    lab.phone("102").behaviour = lab.phone("103").behaviour = answers()
    mine = await lab.phone("101").dial("102")
    second = await lab.phone("102").incoming()
    await mine.hears(second)
    assert await second.blind_transfer("103") == 200
    third = await lab.phone("103").incoming()
    await third.wait("answered")
    await mine.hears(third)
    await third.hears(mine)
    assert second.ended_at is not None
    assert mine.ended_at is None


async def test_attended_transfer(lab: Lab) -> None:
    """An attended transfer joins the two others and frees the phone in the middle."""
    lab.phone("102").behaviour = lab.phone("103").behaviour = answers()
    mine = await lab.phone("101").dial("102")
    second = await lab.phone("102").incoming()
    await mine.hears(second)
    await second.hold()
    consulting = await lab.phone("102").dial("103")
    third = await lab.phone("103").incoming()
    await consulting.hears(third)  # a transfer within the same millisecond would leave one side deaf
    assert await second.attended_transfer(consulting) == 200
    await mine.hears(third)
    await third.hears(mine)
    assert not lab.phone("102").talking


async def test_hold(lab: Lab) -> None:
    """A phone on hold sends nothing until it takes the call back."""
    lab.phone("102").behaviour = answers()
    mine = await lab.phone("101").dial("102")
    theirs = await lab.phone("102").incoming()
    await mine.wait("answered")
    await mine.hears(theirs)
    await theirs.hold()
    assert theirs.sound is not None
    assert theirs.sound.sending_to is None
    await theirs.hold(on=False)
    await mine.hears(theirs)


async def test_screen_shows_the_caller(lab: Lab) -> None:
    """The name and number a trunk delivers are what the phone shows, in any script."""
    await lab.trunk.dial(LINE, caller="89161234567", name="ООО Ромашка")
    call = await lab.phone("101").incoming()
    assert call.shown == Identity("ООО Ромашка", "89161234567")


async def test_no_router_means_fallback(lab: Lab) -> None:
    """With no router connected the fallback's phone rings within two seconds, and nothing cuts the talk."""
    lab.phone("101").behaviour = answers()
    caller = await lab.trunk.dial(LINE, caller="89161234567")
    ringing = await caller.wait("ringing", 2.0)
    assert ringing.after(caller.invited_at) < 2.0
    await caller.wait("answered")
    await caller.hears(lab.phone("101"))


@pytest.mark.parametrize("entry", ["callrouter", "callrouter-broadcast"])
async def test_nothing_there_at_all(asterisk_root: AsteriskRoot, entry: str) -> None:
    """Without router and without the rendered file the caller hears 503, not silence."""
    async with Lab(["101"], Company(entry=entry), root=asterisk_root) as lab:
        caller = await lab.trunk.dial(LINE, caller="89161234567")
        await caller.wait("ended", 3.0)
        assert caller.status == 503


async def test_missing_modules_mean_fallback(asterisk_root: AsteriskRoot) -> None:
    """An Asterisk without the Stasis modules serves the call by the fallback, in both ways in."""
    for entry in ("callrouter", "callrouter-broadcast"):
        async with Lab(["101"], Company(entry=entry, fallback=FALLBACK), root=asterisk_root) as lab:
            await lab.asterisk.cli("module unload app_stasis")
            await lab.asterisk.cli("module unload app_stasis_broadcast")
            caller = await lab.trunk.dial(LINE, caller="89161234567")
            await caller.wait("ringing", 2.0)
            assert len(lab.phone("101").invites) == 1


async def test_stasis_takes_the_call(lab: Lab) -> None:
    """A connected application gets the call with the line and its recording; the caller's channel says so."""
    async with Application(lab.asterisk, "callrouter") as app:
        await lab.trunk.dial(LINE, caller="89161234567")
        start = await app.event("StasisStart")
        assert (start["application"], start["args"]) == ("callrouter", [LINE, ""])
        assert start["channel"]["dialplan"]["app_name"] == "Stasis"
        assert not lab.phone("101").calls
        await app.rest("DELETE", f"channels/{start['channel']['id']}")


async def test_hostile_line(lab: Lab) -> None:
    """What a trunk dials is never evaluated by the dialplan: only letters a line can have are left of it."""
    async with Application(lab.asterisk, "callrouter") as app:
        await lab.trunk.dial("+7%24%7BCALLERID(num)%7D%22", caller="89161234567")
        start = await app.event("StasisStart")
        assert start["args"] == ["+7CALLERIDnum", ""]
        await app.rest("DELETE", f"channels/{start['channel']['id']}")


async def test_other_application_name(asterisk_root: AsteriskRoot) -> None:
    """The global variable CALLROUTER_APP names another application."""
    company = Company(globals={"CALLROUTER_APP": "callrouter-b"})
    async with Lab(["101"], company, root=asterisk_root) as lab, Application(lab.asterisk, "callrouter-b") as app:
        await lab.trunk.dial(LINE, caller="89161234567")
        start = await app.event("StasisStart")
        assert start["args"] == [LINE, ""]
        await app.rest("DELETE", f"channels/{start['channel']['id']}")


async def test_broadcast_claimed_and_not(asterisk_root: AsteriskRoot) -> None:
    """A broadcast call goes to who claims it with the same argument, to the fallback when nobody does."""
    company = Company(entry="callrouter-broadcast", fallback=FALLBACK, globals={"CALLROUTER_CLAIM": "700"})
    async with Lab(["101"], company, root=asterisk_root) as lab, Application(lab.asterisk, "callrouter-2") as app:
        await lab.trunk.dial(LINE, caller="89161234567")
        offered = await app.event("CallBroadcast")
        claimed = offered["channel"]["id"]
        await app.rest("POST", "events/claim", channelId=claimed, application="callrouter-2")
        start = await app.event("StasisStart")
        assert (start["channel"]["id"], start["args"]) == (claimed, [LINE, ""])
        await app.rest("DELETE", f"channels/{claimed}")
        second = await lab.trunk.dial(LINE, caller="89161234567")
        ringing = await second.wait("ringing")
        assert ringing - second.invited_at > 0.6
        assert ringing.after(second.invited_at) < 2.0


async def test_continue_to_the_release(lab: Lab) -> None:
    """A router that does not want a call continues it at callrouter-release and the fallback rings."""
    async with Application(lab.asterisk, "callrouter") as app:
        caller = await lab.trunk.dial(LINE, caller="89161234567")
        channel = (await app.event("StasisStart"))["channel"]["id"]
        await app.rest(
            "POST", f"channels/{channel}/continue", context="callrouter-release", extension=LINE, priority="1"
        )
        await caller.wait("ringing")
        assert len(lab.phone("101").invites) == 1


@pytest.mark.parametrize("talked", [False, True])
async def test_guard(asterisk_root: AsteriskRoot, *, talked: bool) -> None:
    """A call the router took and forgot goes to the fallback when the guard goes off; one that was talked ends."""
    company = Company(fallback=FALLBACK, globals={"CALLROUTER_GUARD": "1"})
    async with Lab([Desk("101")], company, root=asterisk_root) as lab:
        lab.phone("101").behaviour = answers(hangup_after=1.5)
        async with Application(lab.asterisk, "callrouter") as app:
            caller = await lab.trunk.dial(LINE, caller="89161234567")
            channel = (await app.event("StasisStart"))["channel"]["id"]
            if talked:
                await app.rest("POST", f"channels/{channel}/variable", variable="CALLROUTER_TALKED", value="1")
        if talked:
            await caller.wait("ended", 4.0)
            assert not lab.phone("101").calls
        else:
            answered = await caller.wait("answered", 4.0)
            assert answered.after(caller.invited_at) < 2.5
            await caller.wait("ended", 4.0)
            (served,) = lab.phone("101").calls
            assert served.ended_by_us  # longer than the guard: it was switched off
        assert caller.ended_by_us is False


async def test_restart_and_kill(lab: Lab) -> None:
    """A killed Asterisk comes back on the same ports and serves the same phones."""
    port = lab.asterisk.sip_port
    await lab.asterisk.restart()
    assert lab.asterisk.sip_port == port
    lab.phone("102").behaviour = answers()
    await (await lab.phone("101").dial("102")).wait("answered")


async def test_taken_down(lab: Lab) -> None:
    """A test may end Asterisk in the middle of a call; its console then says so instead of showing nothing."""
    await (await lab.phone("101").dial("102")).wait("ringing")
    await lab.asterisk.kill()
    assert lab.asterisk.taken_down
    with pytest.raises(LabError, match="does not answer"):
        await lab.asterisk.audit()


async def test_reset(lab: Lab) -> None:
    """After a reset the lab is as new: no call, nothing seen, phones that ring."""
    lab.phone("102").behaviour = answers()
    await (await lab.phone("101").dial("102")).wait("answered")
    await lab.reset()
    assert not any(phone.calls or phone.seen for phone in (*lab.phones, lab.trunk))
    await (await lab.phone("101").dial("102")).wait("ringing")
    assert lab.phone("102").ringing


async def test_side_by_side(asterisk_root: AsteriskRoot) -> None:
    """Two instances run at once on ports of their own."""
    async with Asterisk(Company(), asterisk_root) as one, Asterisk(Company(), asterisk_root) as two:
        assert one.sip_port != two.sip_port
        assert one.ari_url != two.ari_url
        assert set(range(*one.slot.rtp)).isdisjoint(range(*two.slot.rtp))


async def test_audit_finds_what_is_left(lab: Lab) -> None:
    """The audit fails as long as a channel is up."""
    await (await lab.phone("101").dial("102")).wait("ringing")
    with pytest.raises(AssertionError, match="left in Asterisk"):
        await lab.asterisk.audit(within=0.1)


async def test_hundred_calls(asterisk_root: AsteriskRoot) -> None:
    """A hundred calls at once, each with a phone of its own, all hear each other from one process."""
    names = [str(200 + number) for number in range(100)]
    company = Company(entry="by-line", dialplan="[by-line]\nexten => _XXX,1,Dial(PJSIP/${EXTEN},30)\n")
    async with Lab(names, company, root=asterisk_root, rtp_interval=0.1) as lab:
        for name in names:
            lab.phone(name).behaviour = answers(0.5)
        calls = await asyncio.gather(*(lab.trunk.dial(name, caller=f"8916{name}0000") for name in names))
        await asyncio.gather(*(call.wait("answered", 30.0) for call in calls))
        pairs = zip(calls, names, strict=True)
        await asyncio.gather(*(call.hears(lab.phone(name), 2, 20.0) for call, name in pairs))
        assert len(await lab.asterisk.channels()) == 200


async def test_databases_are_fresh(postgres_url: str) -> None:
    """Each test gets an empty PostgreSQL database of its own, quickly."""
    began = Moment.now()
    connection = await asyncpg.connect(postgres_url)
    try:
        assert await connection.fetchval("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == 0
        assert await connection.fetchval("SHOW fsync") == "off"
    finally:
        await connection.close()
    assert Moment.now().after(began) < 5.0


async def test_a_call_that_is_taken_away_before_the_phone_has_looked() -> None:
    """INVITE and CANCEL read in one go, as after a standstill: who crosses picks up all the same, others give 487."""
    finals: asyncio.Queue[int] = asyncio.Queue()
    pbx = Agent(lambda _: None, lambda _, __: None)
    await pbx.open("127.0.0.1", 0)
    phone = await Phone("101").open()
    phone.pbx, pbx.pbx = (pbx.host, pbx.port), (phone.host, phone.port)
    try:
        for crosses, final in ((True, 200), (False, 487)):
            phone.behaviour = Behaviour(answer_after=60.0, crosses=crosses)
            for method in ("INVITE", "CANCEL"):  # the loop reads neither of them before both are there
                pbx.request(_from_a_pbx(pbx, phone, method, final), _finals(finals) if method == "INVITE" else _unheard)
            assert await asyncio.wait_for(finals.get(), 5.0) == final
    finally:
        await phone.close()
        pbx.close()


def _from_a_pbx(pbx: Agent, phone: Phone, method: str, number: int) -> Message:
    here = f"{pbx.host}:{pbx.port}"
    headers = [
        ("Via", f"SIP/2.0/UDP {here};branch=z9hG4bK{number}"),
        ("From", f"<sip:100@{here}>;tag=1"),
        ("To", f"<sip:101@{phone.host}:{phone.port}>"),
        ("Call-ID", f"{number}@{pbx.host}"),
        ("Contact", f"<sip:{here}>"),
        ("CSeq", f"{number} {method}"),
    ]
    body = offer(pbx.host, 9) if method == "INVITE" else ""
    return Message(f"{method} sip:101@{phone.host}:{phone.port} SIP/2.0", headers, body)


def _finals(heard: asyncio.Queue[int]) -> Callable[[Message | None], None]:
    def answer(response: Message | None) -> None:
        if response and response.status >= 200:
            heard.put_nowait(response.status)

    return answer


def _unheard(_: Message | None) -> None:
    """Nobody waits for this one."""


PATIENT = """
import asyncio
from tests.lab import Moment, patience, standstill

async def main():
    standstill.watch()
    before = Moment.now()
    print("waits", flush=True)
    try:
        async with patience(0.6):
            await asyncio.Event().wait()
    except TimeoutError:
        now = Moment.now()
        print(now - before, now.after(before), Moment.at(before.wall).apart(now))
        print(now.comes(0.6, before, give_or_take=0.3))

asyncio.run(main())
"""


async def test_a_standstill_is_not_counted() -> None:
    """A process that is stopped for a second knows that: its patience lasts longer, and nobody was late in it."""
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", PATIENT, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    assert await process.stdout.readline() == b"waits\n"
    process.send_signal(signal.SIGSTOP)
    await asyncio.sleep(1.0)
    process.send_signal(signal.SIGCONT)
    passed, less, apart, comes = (await process.stdout.read()).decode().split()
    await process.wait()
    assert float(passed) >= 1.0 + 0.6 - 0.1
    assert float(less) == pytest.approx(float(apart), abs=0.01)
    assert float(less) < float(passed) - 0.9
    assert comes == str(float(less) < 0.9)


async def test_rings_is_the_default(lab: Lab) -> None:
    """A phone that was told nothing rings until it is stopped."""
    assert lab.phone("101").behaviour == rings()
