"""Each rung of the ladder, on the wire and in the ledger."""

from __future__ import annotations

import wave

import pytest

from tests.lab import answers
from tests.real.company import ANNAS, AT_ONCE, RING_AT_MOST
from tests.real.house import House, at, hears_something, talk, told, untouched
from tests.real.rig import legs, skipped

pytestmark = pytest.mark.asyncio(loop_scope="session")
ELSEWHERE = "Call completed elsewhere"


async def test_the_responsible_answers(house: House) -> None:
    """A client who has a manager is rung through to that manager, nobody else rings, and the two hear each other."""
    house.phone("anna").behaviour = answers(after=0.3)
    call = await house.call("climb", ANNAS)
    assert await call.wait("answered") - await call.wait("ringing") > 0.1
    await talk(call, house.phone("anna"))
    await call.hangup()
    row = await house.row()
    assert (row["outcome"], row["answered_by"], row["answered_step"], row["lost_reason"]) == (
        "answered",
        "anna",
        1,
        None,
    )
    assert (row["client"], row["responsible"], row["priority"], row["segment"]) == ("ООО Ромашка", "anna", "A", "key")
    assert legs(row) == {"anna": ["answered"]}
    assert [one["person"] for one in row["talk"]] == ["anna"]
    assert row["talk_seconds"] > 0
    assert not any(house.phone(person).invites for person in ("boris", "vera", "gleb", "irina"))


async def test_the_responsible_rings_on_into_the_department(house: House) -> None:
    """When the department joins, the responsible's phone goes on ringing in the same call: one INVITE, no CANCEL."""
    call = await house.call("climb", ANNAS)
    _, boris, _ = await house.rings("anna", "boris", "vera")
    boris.answer()
    await talk(call, boris)
    assert boris.answered_at is not None
    assert untouched(house.phone("anna"), boris.answered_at)
    assert [await told(house.phone(person)) for person in ("anna", "vera")] == [[ELSEWHERE], [ELSEWHERE]]
    await call.hangup()
    row = await house.row()
    assert legs(row) == {"anna": ["elsewhere"], "boris": ["answered"], "vera": ["elsewhere"]}
    assert [leg["step"] for leg in row["legs"]] == [1, 2, 2]
    assert (row["answered_step"], skipped(row)) == (2, [None, None])


async def test_the_head_answers(house: House) -> None:
    """When the head's step begins the department stops, with a missed call on its phones; the head is connected."""
    house.phone("gleb").behaviour = answers(after=0.2)
    call = await house.call("climb", ANNAS)
    await talk(call, house.phone("gleb"))
    await call.hangup()
    row = await house.row()
    assert (row["answered_by"], row["answered_step"], skipped(row)) == ("gleb", 3, [None, None, None])
    assert legs(row) == {"anna": ["no_answer"], "boris": ["no_answer"], "vera": ["no_answer"], "gleb": ["answered"]}
    for person in ("anna", "boris", "vera"):
        (reason,) = await told(house.phone(person))
        assert "elsewhere" not in reason


async def test_the_owner_is_added_while_the_head_rings(house: House) -> None:
    """The owner's step stops nobody: the head sees one INVITE, and a CANCEL only because the owner answered."""
    house.phone("irina").behaviour = answers(after=0.3)
    call = await house.call("climb", ANNAS)
    await talk(call, house.phone("irina"))
    answered = house.phone("irina").calls[0].answered_at
    assert answered is not None
    assert untouched(house.phone("gleb"), answered)
    assert await told(house.phone("gleb")) == [ELSEWHERE]
    await call.hangup()
    row = await house.row()
    assert (row["answered_by"], row["answered_step"]) == ("irina", 4)
    assert (legs(row)["gleb"], legs(row)["irina"]) == (["elsewhere"], ["answered"])


async def test_the_head_answers_after_the_owner_was_added(house: House) -> None:
    """Who answers in a later step than his own is counted in the step that ran; his leg keeps the step it began in."""
    call = await house.call("climb", ANNAS)
    await house.rings("irina")
    house.phone("gleb").ringing[0].answer()
    await talk(call, house.phone("gleb"))
    await call.hangup()
    row = await house.row()
    assert (row["answered_by"], row["answered_step"]) == ("gleb", 4)
    assert {leg["person"]: leg["step"] for leg in row["legs"]}["gleb"] == 3
    assert await told(house.phone("irina")) == [ELSEWHERE]


async def test_nobody_answers(house: House) -> None:
    """The last step has no seconds: it ends `ring_at_most` after arrival, and the caller is never answered but 480."""
    call = await house.call("climb", ANNAS)
    await call.wait("ended")
    assert (call.status, call.answered_at, set(call.provisional)) == (480, None, {100, 180})
    row = await house.row()
    assert (row["outcome"], row["lost_reason"], row["lost_step"]) == ("lost", "no_answer", None)
    assert (row["answered_at"], row["answered_by"], row["answered_step"], row["talk_seconds"]) == (None,) * 4
    assert row["wait_seconds"] >= RING_AT_MOST
    assert at(row["ended_at"]).after(at(row["arrived_at"])) < RING_AT_MOST + AT_ONCE
    assert {leg["result"] for leg in row["legs"]} == {"no_answer"}
    assert [len(house.phone(person).invites) for person in ("anna", "boris", "vera", "gleb", "irina")] == [1] * 5


async def test_the_prompt_is_heard_and_not_billed(house: House) -> None:
    """When the ladder has run out the caller hears the line's prompt as early media, to its end, and then gets 480."""
    spoken = house.lab.asterisk.folder / "spool/recording/sorry.wav"
    spoken.parent.mkdir(exist_ok=True)
    with wave.open(str(spoken), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(b"\x10\x00\x20\x00" * 2000)  # half a second
    call = await house.call("prompt")
    await call.wait("ended")
    assert call.sound is not None
    assert (call.status, call.answered_at, 183 in call.provisional) == (480, None, True)
    assert call.sound.received > 5
    row = await house.row()
    assert (row["outcome"], row["lost_reason"], row["lost_step"]) == ("lost", "no_answer", None)
    assert row["wait_seconds"] >= 1.5 + 0.5


async def test_the_caller_leaves_during_the_prompt(house: House) -> None:
    """Who hangs up while a tone plays is lost as no_answer all the same: the ladder had run out."""
    call = await house.call("tone")
    await hears_something(call)
    await call.hangup()
    row = await house.row()
    assert (row["outcome"], row["lost_reason"], row["lost_step"]) == ("lost", "no_answer", None)


async def test_the_caller_gives_up_in_the_second_step(house: House) -> None:
    """When the caller leaves, every phone stops and shows a missed call; the step he left in is written down."""
    call = await house.call("climb", ANNAS)
    await house.rings("anna", "boris", "vera")
    await call.hangup()
    for person in ("anna", "boris", "vera"):
        rung = house.phone(person).calls[0]
        await rung.wait("ended")
        assert (rung.cancelled, "elsewhere" in rung.cancel_reason) == (True, False)
    row = await house.row()
    assert (row["outcome"], row["lost_reason"], row["lost_step"]) == ("lost", "abandoned", 2)
    assert legs(row) == {"anna": ["cancelled"], "boris": ["cancelled"], "vera": ["cancelled"]}
    assert not house.phone("gleb").invites


async def test_the_caller_gives_up_in_the_first_step(house: House) -> None:
    """Who leaves while his manager's phone rings is lost in step 1."""
    call = await house.call("climb", ANNAS)
    await house.rings("anna")
    await call.hangup()
    row = await house.row()
    assert (row["lost_reason"], row["lost_step"], legs(row)) == ("abandoned", 1, {"anna": ["cancelled"]})


async def test_the_caller_gives_up_at_once(house: House) -> None:
    """Who leaves at his first ringing tone, perhaps before the ladder begins, is abandoned; no phone rings on."""
    call = await house.call("climb", ANNAS)
    await call.wait("ringing")
    await call.hangup()
    row = await house.row()
    assert (row["outcome"], row["lost_reason"]) == ("lost", "abandoned")
    assert row["lost_step"] in {None, 1}
    assert not any(phone.ringing for phone in house.lab.phones)
