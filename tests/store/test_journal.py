"""The local file: one write a record, and nothing it meets is raised into a call."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from callrouter.core import commands as cm, events as ev
from callrouter.core.recorded import PickedUp
from callrouter.core.words import CallId, LegId, LostReason, PersonId, Release, Result, Why
from callrouter.store import journal as journals
from callrouter.store.codec import Record, TornRecordError, decode, encode
from callrouter.store.journal import Journal
from tests.store.lives import ARRIVED, PEOPLE

if TYPE_CHECKING:
    from pathlib import Path

CALL, LEG = CallId("call-1"), LegId("call-1.anna.1.1")
EVENTS: tuple[ev.Event, ...] = (
    ARRIVED,
    ev.Found(
        1.0,
        1,
        (
            ev.Free(PersonId("anna"), (ev.Contact("PJSIP/101", "PJSIP/101/sip:x"),)),
            ev.Busy(PersonId("boris")),
            ev.Away(PersonId("gleb"), Why.PAUSED),
        ),
    ),
    ev.PersonChanged(1.0, PersonId("anna")),
    ev.Elapsed(1.0),
    ev.LegRinging(1.0, LEG),
    ev.LegAnswered(1.0, LEG),
    ev.KeyPressed(1.0, LEG, "1"),
    ev.LegEnded(1.0, LEG, ev.End.FORWARDED, 302),
    ev.LegReplaced(1.0, LEG, LegId("x"), "PJSIP/102", None),
    ev.LeadsTo(1.0, LEG, "PJSIP/110", PersonId("gleb")),
    ev.Transferred(1.0, LEG, ev.CallArrived(1.0, 1.0, "x", "600", None, "", people=PEOPLE)),
    ev.Joined(1.0, None),
    ev.ConnectFailed(1.0, LEG),
    ev.PromptEnded(1.0),
    ev.AnnouncementEnded(1.0, "x.announcement1"),
    ev.CallerReplaced(1.0, "x"),
    ev.CallerGone(1.0),
    ev.RouterFailed(1.0, "ошибка"),
    ev.LegProgressed(1.0, LEG),
    ev.LegDelayed(6.0, LEG, 5.0),
    ev.Recovered(2.0, 1.0, (LEG,), is_caller_gone=True),
    ev.Reported(9.0, (ev.Dialled(1, 1.0, 2.0, "ANSWER", 1.2, 1.5, "PJSIP/101"),), has_run_out=True),
    ev.Recovered(2.0, 1.0, picked_up=PickedUp(LEG, None, "PJSIP/101", 1, 0.5, 1.0, "call.bridge1")),
)
COMMANDS: tuple[cm.Command, ...] = (
    cm.Ask(1, PEOPLE),
    cm.Ring("x", LEG, PersonId("anna"), "PJSIP/101", "PJSIP/101/sip:x", 1, 9.5, "ООО · anna"),
    cm.Confirm(LEG, "+79161234567", "ru", 9.5),
    cm.HangUp(LEG, Result.ELSEWHERE),
    cm.Connect("x", LEG, "bridge"),
    cm.SendRinging("x"),
    cm.PlayMusic("x", "default"),
    cm.Announce("x", "x.announcement1", "sound:away", None),
    cm.Hush(("x.announcement1",)),
    cm.Play("x", "sound:sorry"),
    cm.LetGo("x", Release.FALLBACK, "+7495"),
    cm.CloseBridge("bridge"),
    cm.Guard("x", 75),
)


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
def test_every_event_and_command_comes_back(event: ev.Event) -> None:
    """A record read back is equal to the one written, with the classes and enumerations it had."""
    assert decode(encode(CALL, event, COMMANDS)) == Record(CALL, event, COMMANDS)


def test_the_table_of_events_is_complete() -> None:
    """The test above knows every class there is."""
    assert {type(event) for event in EVENTS} == set(ev.Event.__args__)
    assert {type(command) for command in COMMANDS} == set(cm.Command.__args__)


@pytest.mark.parametrize(
    "line", [b"", b"{", b"[]", b"null", b'{"call_id":"a"}', b'{"call_id":1,"event":{},"commands":1}']
)
def test_what_is_no_record_is_told_from_one(line: bytes) -> None:
    """Anything else is `TornRecordError`."""
    with pytest.raises(TornRecordError):
        decode(line)


def test_enumerations_come_back_as_such() -> None:
    """A reason read back is the reason, not its text."""
    refused = ev.CallArrived(1.0, 1.0, "x", "1", None, "", refusal=LostReason.REJECTED)
    event = decode(encode(CALL, refused, ())).event
    assert isinstance(event, ev.CallArrived)
    assert event.refusal is LostReason.REJECTED


def test_a_full_disk_does_not_stop_a_call(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    """While the disk is full records wait in memory, in order and whole, and the alarm counts."""
    really = os.write
    room = 10

    def write(file: int, text: bytes) -> int:
        nonlocal room
        if room == 0:
            raise OSError(28, "No space left on device")
        count = really(file, text[:room])
        room -= count
        return count

    monkeypatch.setattr("callrouter.store.journal.os.write", write)
    for number in range(3):
        journal.write(CALL, ev.Elapsed(float(number)), ())
    assert journal.failures == 3
    assert not journal.flush()
    room = 10_000
    assert journal.flush()
    lines = journal.current.read_bytes().splitlines()
    assert [decode(line).event.at for line in lines] == [0.0, 1.0, 2.0]


def test_memory_is_bounded(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    """When memory too has no room, a record is lost, loudly; the call goes on."""
    monkeypatch.setattr(journals, "WAITING_BYTES", 10)
    journal.write(CALL, ev.Elapsed(1.0), ())
    assert (journal.failures, journal.current.read_bytes()) == (1, b"")


def test_an_event_that_cannot_be_written_stops_nobody(journal: Journal) -> None:
    """A value JSON cannot hold is counted and left out."""
    journal.write(CALL, ev.RouterFailed(1.0, why=object()), ())  # type: ignore[arg-type]
    journal.write(CALL, ev.Elapsed(float("inf")), ())
    journal.write(CALL, ev.Elapsed(2.0), ())
    assert journal.failures == 1
    assert decode(journal.current.read_bytes().splitlines()[-1]).event == ev.Elapsed(2.0)


def test_a_clock_set_back_keeps_the_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A new segment comes after the old ones, whatever the clock says; other workers' segments are not ours."""
    first, stranger = Journal(tmp_path, "callrouter"), Journal(tmp_path, "callrouter-2")
    monkeypatch.setattr("callrouter.store.journal.time.time_ns", lambda: 5)
    second = Journal(tmp_path, "callrouter")
    assert second.segments() == [first.current, second.current]
    for journal in (first, stranger, second):
        journal.close()


def test_nobody_else_may_read_it(journal: Journal) -> None:
    """The file holds telephone numbers: it is its owner's only."""
    assert journal.current.stat().st_mode & 0o077 == 0
