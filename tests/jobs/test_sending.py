"""What is in the outbox reaches a real mail server, a real web hook and a directory, whatever they do meanwhile."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from callrouter.delivery.letter import Letter, NotTakenError
from callrouter.delivery.ways import Ways
from callrouter.jobs import sending
from callrouter.jobs.sending import WAITS, Sender, shown
from callrouter.store import editions, outbox
from callrouter.store.editions import Edition, EditionFile
from callrouter.store.outbox import DEAD, Listed, Message
from tests.lab.receiver import Receiver
from tests.lab.smtp import MailServer

if TYPE_CHECKING:
    from callrouter.store.database import Database

FROM, SECRET = "router@example.org", "0123456789abcdef"
PAGE = EditionFile("lcr-2026-11-20.html", "text/html", "<p>ООО «Ромашка»</p>".encode())
SHEET = EditionFile("calls-2026-11-20.csv", "text/csv", b"a;b\r\n")


@dataclass
class Clock:
    """A clock that stands until it is set."""

    now: float = 1_795_200_000.0

    def __call__(self) -> float:
        """Return what it shows."""
        return self.now


@dataclass
class Gate:
    """Takes nothing before it is opened, and remembers what waits there."""

    opened: asyncio.Event = field(default_factory=asyncio.Event)
    inside: list[str] = field(default_factory=list)
    came: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def deliver(self, to: str, letter: Letter, now: float) -> None:
        """Wait until it is opened."""
        async with self.came:
            self.inside.append(letter.key)
            self.came.notify_all()
        await self.opened.wait()

    async def held(self, count: int) -> None:
        """Return once so many are inside."""
        async with self.came:
            await self.came.wait_for(lambda: len(self.inside) >= count)


async def put(database: Database, *to: str, edition: bool = True, at: float = 1_795_200_000.0) -> None:
    """Put a message for each of these receivers, with an edition's files."""
    async with database.writing() as connection:
        made = Edition("2026-11-20", "company", 1, "ru", at, at, "abc")
        key = await editions.add(connection, made, (PAGE, SHEET)) if edition else None
        messages = [Message(f"export/2026-11-20/1/{one}", "export", one, "LCR 7,4 %", "7,4 %", None, key) for one in to]
        await outbox.put(connection, messages, at)


async def listed(database: Database, *states: str) -> list[Listed]:
    """What is in the outbox."""
    async with database.reading() as connection:
        return list(await outbox.listed(connection, states or ("waiting", "dead")))


async def send(database: Database, ways: Ways, clock: Clock, word: str = "a") -> dict[str, int]:
    """Send what is due."""
    sender = Sender(database, ways, word, clock)
    await sender.run()
    return dict(sender.done)


async def test_everybody_gets_it(database: Database, tmp_path: Path) -> None:
    """By mail with the page as its body, by a signed post, as files; then nothing is due any more."""
    clock = Clock()
    async with MailServer() as mail, Receiver() as hook:
        await put(database, "mail:irina@example.org", f"hook:{hook.url}", f"dir:{tmp_path}/out")
        ways = Ways(f"smtp://127.0.0.1:{mail.port}", FROM, SECRET)
        assert await send(database, ways, clock) == {"delivered": 3}
        assert await send(database, ways, clock, "b") == {}
    body = mail.received[0].message.get_body(("html",))
    assert body is not None
    assert body.get_content().strip() == PAGE.content.decode()
    assert [one["name"] for one in hook.received[0].json["files"]] == [PAGE.name, SHEET.name]
    assert sorted(file.name for file in (tmp_path / "out").iterdir()) == [SHEET.name, PAGE.name]
    assert await listed(database) == []


@pytest.mark.parametrize("fault", ["refuses", "drops", "451", "garbage"])
async def test_what_passes_is_tried_again_with_the_same_id(database: Database, fault: str) -> None:
    """Not before its time; then it arrives, under the id it had."""
    clock = Clock()
    async with MailServer(fault=fault) as mail:
        await put(database, "mail:irina@example.org")
        ways = Ways(f"smtp://127.0.0.1:{mail.port}", FROM)
        assert await send(database, ways, clock) == {"waiting": 1}
        mail.fault = ""
        clock.now += WAITS[0] - 0.001
        assert await send(database, ways, clock) == {}
        clock.now += 0.001
        assert await send(database, ways, clock) == {"delivered": 1}
    ids = {one.id for one in (*mail.taken, *mail.received)}
    assert len(ids) == 1


async def test_a_refusal_is_listed_at_once(database: Database) -> None:
    """Nobody tries it again by himself; retried by hand it arrives."""
    clock = Clock()
    async with MailServer(fault="550") as mail:
        await put(database, "mail:irina@example.org")
        ways = Ways(f"smtp://127.0.0.1:{mail.port}", FROM)
        assert await send(database, ways, clock) == {"dead": 1}
        (dead,) = await listed(database, DEAD)
        assert (dead.error, dead.attempts) == ("550 no such user", 1)
        mail.fault = ""
        clock.now += 999_999
        assert await send(database, ways, clock) == {}
        async with database.writing() as connection:
            assert await outbox.retry(connection, dead.id, clock.now)
        assert await send(database, ways, clock) == {"delivered": 1}


async def test_what_never_arrives_is_given_up(database: Database) -> None:
    """After the last of its attempts, which take more than half a day; it is listed with why."""
    clock = Clock()
    await put(database, "mail:irina@example.org")
    ways = Ways("smtp://127.0.0.1:1", FROM)
    for seconds in WAITS:
        assert await send(database, ways, clock) == {"waiting": 1}
        clock.now += seconds
    assert await send(database, ways, clock) == {"dead": 1}
    (dead,) = await listed(database, DEAD)
    assert (dead.attempts, sum(WAITS) > 12 * 3600) == (12, True)
    assert "127.0.0.1" in (dead.error or "")


async def test_a_silent_receiver_does_not_hold_up_the_others(database: Database, tmp_path: Path) -> None:
    """While one is waited for, what comes later goes out."""
    clock, gate = Clock(), Gate()
    await put(database, "mail:a@example.org")
    both = _Both(gate, Ways())
    sender = Sender(database, both, "a", clock)
    running = asyncio.create_task(sender.run())
    await gate.held(1)
    await put(database, f"dir:{tmp_path}/out", edition=False)
    await both.others.wait()
    gate.opened.set()
    await running
    assert dict(sender.done) == {"delivered": 2}


class _Both:
    """Mail goes to the gate, everything else its way."""

    def __init__(self, gate: Gate, ways: Ways) -> None:
        self.gate, self.ways = gate, ways
        self.others = asyncio.Event()

    async def deliver(self, to: str, letter: Letter, now: float) -> None:
        if to.startswith("mail:"):
            return await self.gate.deliver(to, letter, now)
        await self.ways.deliver(to, letter, now)
        self.others.set()
        return None


async def test_two_senders_do_not_send_the_same_at_the_same_time(database: Database) -> None:
    """Each message is in one's hands, and only when he is dead in another's."""
    clock, gate = Clock(), Gate()
    await put(database, *(f"mail:{number}@example.org" for number in range(12)))
    senders = [Sender(database, gate, word, clock) for word in ("a", "b")]
    running = [asyncio.create_task(one.run()) for one in senders]
    await gate.held(12)
    assert len(set(gate.inside)) == 12
    gate.opened.set()
    await asyncio.gather(*running)
    assert sum((one.done for one in senders), start=type(senders[0].done)()) == {"delivered": 12}


async def test_what_a_dead_sender_had_in_hand_is_sent_by_another(database: Database) -> None:
    """When his claim has run out, under the same key."""
    clock, gate = Clock(), Gate()
    await put(database, "mail:a@example.org")
    dead = asyncio.create_task(Sender(database, gate, "a", clock).run())
    await gate.held(1)
    dead.cancel()
    await asyncio.gather(dead, return_exceptions=True)
    gate.opened.set()
    heir = Sender(database, gate, "b", clock)
    await heir.run()
    assert gate.inside == ["export/2026-11-20/1/mail:a@example.org"]
    clock.now += sending.TERM
    await heir.run()
    assert gate.inside == ["export/2026-11-20/1/mail:a@example.org"] * 2
    assert dict(heir.done) == {"delivered": 1}


async def test_a_message_that_kills_its_senders_is_given_up(database: Database) -> None:
    """Attempts count from the claim, so that one of which everybody dies does not go on for ever."""
    clock, gate = Clock(), Gate()
    await put(database, "mail:a@example.org")
    for _ in range(len(WAITS) + 1):
        async with database.writing() as connection:
            assert await outbox.claim(connection, "killed", clock.now, clock.now + 15, 1)
        clock.now += 15
    last = Sender(database, gate, "b", clock)
    await last.run()
    assert (dict(last.done), gate.inside) == ({"dead": 1}, [])


async def test_a_fault_of_ours_holds_up_nobody(database: Database, tmp_path: Path) -> None:
    """A message that cannot be made into a mail is tried again like one that did not arrive; the others go."""
    clock = Clock()
    await put(database, "mail:no address at all", f"dir:{tmp_path}/out")
    async with MailServer() as mail:
        ways = Ways(f"smtp://127.0.0.1:{mail.port}", FROM)
        assert await send(database, ways, clock) == {"waiting": 1, "delivered": 1}


async def test_a_claim_is_kept_while_it_is_delivered(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """However long it takes, nobody else begins with it."""
    monkeypatch.setattr(sending, "KEEP_EVERY", 0.01)
    clock, gate = Clock(), Gate()
    await put(database, "mail:a@example.org")
    running = asyncio.create_task(Sender(database, gate, "a", clock).run())
    await gate.held(1)
    clock.now += sending.TERM - 1
    until = 0.0
    while until < clock.now + sending.TERM:
        await asyncio.sleep(0.01)
        until = (await listed(database))[0].due_at
    clock.now += sending.TERM - 1
    async with database.writing() as connection:
        assert await outbox.claim(connection, "b", clock.now, clock.now + 15, 1) == ()
    gate.opened.set()
    await running


@pytest.mark.parametrize(
    ("to", "said"),
    [
        ("hook:https://example.org:8443/services/T0/secret?key=1", "hook:https://example.org:8443/…"),
        ("hook:https://example.org?key=1", "hook:https://example.org/…"),
        ("mail:irina@example.org", "mail:irina@example.org"),
        ("dir:/var/exports", "dir:/var/exports"),
    ],
)
def test_a_hooks_address_may_be_a_secret(to: str, said: str) -> None:
    """What follows its host is not shown."""
    assert shown(to) == said


async def test_what_is_refused_is_said_on_one_line(database: Database) -> None:
    """Whatever a server says, a list stays a list."""
    clock = Clock()

    class Rude:
        async def deliver(self, to: str, letter: Letter, now: float) -> None:
            raise NotTakenError("451 no\r\n\x1b[31m" + "x" * 999)

    await put(database, "mail:a@example.org")
    await Sender(database, Rude(), "a", clock).run()
    (one,) = await listed(database)
    assert (one.error or "").startswith("451 no [31mx")
    assert len(one.error or "") == 200
