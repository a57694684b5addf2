"""Asterisk's records, gathered into calls: several of one channel, written when it is hung up."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

import pytest

from callrouter.core.recorded import RECORDING_MOST, Ending, Record, call_of, gather, phone_of, recording_at
from callrouter.core.words import LostReason

RUNG = Record(
    asterisk_id="1.1",
    sequence=4,
    linked_id="1.1",
    channel="PJSIP/trunk-00000003",
    peer="PJSIP/101-00000004",
    caller="89161234567",
    disposition="NO ANSWER",
    started_at=10.0,
    answered_at=None,
    ended_at=12.0,
    line="+74951234567",
    by="fallback",
    step=1,
)
TALKED = replace(RUNG, sequence=7, disposition="ANSWERED", started_at=11.0, answered_at=12.0, ended_at=20.0, step=2)


def test_the_records_of_a_channel_are_one_call() -> None:
    """Whatever the order in which they come: in time from the first to the last, answered when two talked."""
    first, second = gather([replace(RUNG, asterisk_id="2.2", started_at=11.0), TALKED, RUNG])
    assert (first.asterisk_id, second.asterisk_id) == ("1.1", "2.2")
    assert first.records == (RUNG, TALKED)
    assert (first.started_at, first.answered_at, first.ended_at) == (10.0, 12.0, 20.0)
    assert (first.line, first.phone, first.talk, first.lost) == ("+74951234567", "PJSIP/trunk", (TALKED,), None)
    assert (second.answered_at, second.lost) == (None, LostReason.ABANDONED)
    assert (first.ending, second.ending) == (
        Ending(20.0, 12.0, "PJSIP/101"),
        Ending(12.0, None, lost=LostReason.ABANDONED),
    )
    assert (first.is_far_end, second.is_far_end) == (False, True)


@pytest.mark.parametrize(
    ("end", "lost"),
    [
        ("no_answer", LostReason.NO_ANSWER),
        ("unreachable", LostReason.UNREACHABLE),
        ("failure", LostReason.FAILURE),
        ("", LostReason.ABANDONED),
        ("closed", LostReason.CLOSED),
        ("by magic", LostReason.ABANDONED),
    ],
)
def test_why_a_call_was_lost(end: str, lost: LostReason) -> None:
    """The fallback's last mark says it; without one, or with one it never writes, the caller has left."""
    (call,) = gather([RUNG, replace(RUNG, sequence=9, peer="", end=end)])
    assert call.lost is lost


@pytest.mark.parametrize(("end", "lost"), [("unreachable", LostReason.NO_ANSWER), ("", LostReason.ABANDONED)])
def test_who_was_busy_was_there(end: str, lost: LostReason) -> None:
    """Nobody rang, but one phone was busy: nobody answered, which is not that nobody was reachable."""
    (call,) = gather([replace(RUNG, disposition="BUSY"), RUNG, replace(RUNG, sequence=9, peer="", end=end)])
    assert call.lost is lost


@pytest.mark.parametrize(
    ("record", "is_ours", "is_due"),
    [
        (RUNG, True, True),
        (replace(RUNG, by=""), True, False),
        (replace(RUNG, by="", dialled="8916"), True, False),
        (replace(RUNG, line="", by="", dialled="8916"), True, True),
        (replace(RUNG, line="", by=""), False, False),
    ],
)
def test_what_a_row_is_made_of(record: Record, is_ours: bool, is_due: bool) -> None:
    """Calls the fallback served, and calls out; of a call the router served it has written one itself."""
    assert (record.is_ours, record.is_due, gather([record])[0].is_due) == (is_ours, is_due, is_due)


@pytest.mark.parametrize(
    "record",
    [
        replace(TALKED, disposition="NO ANSWER"),
        replace(TALKED, peer=""),
        replace(TALKED, answered_at=None),
    ],
)
def test_no_conversation(record: Record) -> None:
    """An answer without a second party, as to a prompt, is none."""
    assert not record.is_conversation


@pytest.mark.parametrize(
    ("channel", "phone"),
    [
        ("PJSIP/101-0000001a", "PJSIP/101"),
        ("PJSIP/a-b-0000001a", "PJSIP/a-b"),
        ("Local/110@phones-00000000;2", "Local/110@phones"),
        ("", ""),
    ],
)
def test_whose_channel_it_is(channel: str, phone: str) -> None:
    """A channel's name is its phone's and a number."""
    assert phone_of(channel) == phone


def test_the_id_of_a_call_that_the_dialplan_serves() -> None:
    """It follows from the channel alone, is a UUID (version 7) whatever that is called, and begins with its time."""
    ids = [call_of(one) for one in ("1795291760.226", "pbx-1795291760.227", "odd", "\ud800")]
    assert ids[0] == call_of("1795291760.226")
    assert len(set(ids)) == len(ids)
    assert all((UUID(one).version, str(UUID(one))) == (7, one) for one in ids)
    assert [UUID(one).int >> 80 for one in ids] == [1795291760000, 1795291760000, 0, 0]


@pytest.mark.parametrize(
    ("path", "kept"),
    [
        ("", None),
        ("/monitor/in-«ООО» ${X}.wav", "/monitor/in-«ООО» ${X}.wav"),
        ("a\n\0b\u202e\ud800.wav", "a\ufffd\ufffdb\ufffd\ufffd.wav"),
        ("a" * RECORDING_MOST, "a" * RECORDING_MOST),
        ("a" * (RECORDING_MOST + 1), None),
    ],
)
def test_where_a_call_was_recorded(path: str, kept: str | None) -> None:
    """As the PBX says, but for what cannot be printed; what would be cut leads nowhere, and is none."""
    assert recording_at(path) == kept


def test_the_last_record_that_says_so_tells_where_it_was_recorded() -> None:
    """FreePBX marks only some of a call's records."""
    (one,) = gather([replace(RUNG, sequence=number, recording=path) for number, path in enumerate(("/a", "/b", ""))])
    assert one.recording == "/b"
    (none,) = gather([RUNG])
    assert none.recording is None
