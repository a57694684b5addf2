"""Calls told from a PBX's own rows: one outcome each, whatever rang, and what cannot be told is not made up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from callrouter.cdr.calls import PbxCall, call, gather
from callrouter.cdr.pbx import PbxRow
from callrouter.cdr.sides import Seen, Sides

if TYPE_CHECKING:
    from collections.abc import Iterable

TRUNK = "PJSIP/mango-00000001"
ANNA, BORIS = "PJSIP/101-00000002", "PJSIP/102-00000003"


def row(channel: str = TRUNK, peer: str = "", start: float = 0.0, end: float = 10.0, **fields: Any) -> PbxRow:
    """A row of a caller's channel, of call 1.1, not answered."""
    values: dict[str, Any] = {
        "answer": None, "src": "89161234567", "dst": "4951", "context": "from-trunk", "app": "Dial",
        "arguments": "PJSIP/101,20", "disposition": "NO ANSWER", "unique": "1.1", "linked": "1.1", "did": "",
    } | fields  # fmt: skip
    return PbxRow(channel=channel, peer=peer, start=start, end=max(start, end), **values)


def answered(channel: str = TRUNK, peer: str = "", start: float = 0.0, end: float = 10.0, **fields: Any) -> PbxRow:
    """The same, answered after 4 s."""
    return row(channel, peer, start, end, **({"answer": start + 4, "disposition": "ANSWERED"} | fields))


def told(*rows: PbxRow, trunks: Iterable[str] = ("PJSIP/mango",)) -> PbxCall:
    """The one call of these rows."""
    seen = Seen()
    for one in rows:
        seen.see(one)
    (found,) = gather(sorted(rows, key=lambda one: one.start))
    return call(found, Sides(seen, trunks))


def said(one: PbxCall) -> tuple[str, list[tuple[str, float, float]]]:
    """Why it was lost, and who talked from when until when."""
    return str(one.lost or "-"), [(part.phone, part.since, part.until) for part in one.spoken]


HALF = "Local/101@from-queue-00000001"
ALONE: dict[str, Any] = {"unique": "", "linked": ""}


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ((answered(peer=ANNA),), ("-", [("PJSIP/101", 4, 10)])),
        ((row(peer=ANNA, end=4), answered(peer=BORIS)), ("-", [("PJSIP/102", 4, 10)])),
        ((row(peer=ANNA, end=7),), ("abandoned", [])),
        ((row(peer=ANNA, end=20),), ("no_answer", [])),
        ((row(peer=ANNA, end=20, arguments="PJSIP/101,,Ttr"),), ("abandoned", [])),
        ((row(peer=ANNA, end=20), row(app="Hangup", start=20, end=20)), ("no_answer", [])),
        ((row(peer=ANNA, disposition="BUSY"), row(peer=BORIS, disposition="FAILED")), ("no_answer", [])),
        ((row(peer=ANNA, disposition="FAILED"), row(peer=BORIS, disposition="CONGESTION")), ("unreachable", [])),
        ((row(peer=ANNA), answered(app="VoiceMail", start=10, end=30)), ("no_answer", [])),
        ((answered(app="BackGround"),), ("abandoned", [])),
        ((answered(app="Playback"), answered(app="Hangup", start=10)), ("unreachable", [])),
        ((answered(app="Queue", arguments="400,t,,,300"),), ("abandoned", [])),
        ((row(peer=ANNA, end=20, app="Queue", arguments="400,t,,,20"),), ("no_answer", [])),
        ((answered(peer=f"{HALF};1"), answered(f"{HALF};2", BORIS, 1)), ("-", [("PJSIP/102", 5, 10)])),
        ((answered(peer=f"{HALF};1"), answered(f"{HALF};2", app="VoiceMail")), ("unreachable", [])),
        ((answered(peer=f"{HALF};1"), row(f"{HALF};2", BORIS, 1)), ("abandoned", [])),
        ((answered(peer=f"{HALF};1"),), ("-", [("", 4, 10)])),
        (
            (answered(peer=ANNA), answered(peer=BORIS, start=10, end=20, answer=10.0)),
            ("-", [("PJSIP/101", 4, 10), ("PJSIP/102", 10, 20)]),
        ),
        (
            (answered(peer=ANNA, answer=0.0, end=0), answered(peer=BORIS, answer=0.0)),
            ("-", [("PJSIP/102", 0, 10)]),
        ),
        ((answered(peer=ANNA, answer=0.0, end=0),), ("-", [("PJSIP/101", 0, 0)])),
    ],
)  # fmt: skip
def test_one_outcome(rows: tuple[PbxRow, ...], expected: tuple[str, list[tuple[str, float, float]]]) -> None:
    """Answered is who was connected to a phone; a queue, a menu, voicemail and half a local channel are nobody."""
    assert said(told(*rows)) == expected


def test_two_halves_that_lead_to_each_other_end() -> None:
    """Rows that go round in a circle tell of nobody, and are read to the end."""
    rows = answered(peer=f"{HALF};1"), answered(f"{HALF};2", f"{HALF};1"), answered(f"{HALF};1", f"{HALF};1")
    assert said(told(*rows)) == ("abandoned", [])


def test_when_the_pbx_answered_first_it_is_not_known_when_a_person_did() -> None:
    """A row that was up from its beginning does not say when the phone was picked up."""
    assert [told(answered(peer=ANNA, answer=0.0)).spoken[0].is_exact, told(answered(peer=ANNA)).spoken[0].is_exact] == [
        False,
        True,
    ]


def test_directions() -> None:
    """Who began it says the direction; a number as long as those outside is one that went out."""
    out = row(ANNA, "PJSIP/mango-00000009", src="101", dst="989161234567", arguments="PJSIP/89161234567@mango,300")
    assert (told(out).direction, told(out).called, told(out).phone) == ("out", "89161234567", "PJSIP/101")
    unsent = row(ANNA, "", src="101", dst="89161234567", arguments="")
    assert (told(unsent).direction, told(unsent).called) == ("out", "89161234567")
    inside = row(ANNA, BORIS, src="101", dst="102", arguments="PJSIP/102")
    assert (told(inside).direction, told(inside).called) == ("internal", "102")
    there = told(row(peer=ANNA))
    assert (there.direction, there.caller, there.called, there.phone) == ("in", "89161234567", "4951", "PJSIP/mango")


def test_a_call_that_is_sent_on_is_answered_outside() -> None:
    """A mobile behind the trunk talks, but is nobody's phone."""
    one = told(answered(peer="PJSIP/mango-00000005"))
    assert (one.is_answered_outside, said(one)) == (True, ("-", [("", 4, 10)]))


def test_the_line() -> None:
    """It is the DID where the PBX has one, else what was dialled where only calls from outside come in."""
    assert told(row(peer=ANNA, did="74951234567", dst="600")).called == "74951234567"
    inside = row(ANNA, BORIS, src="101", dst="102", context="phones", arguments="", unique="2.2", linked="2.2")
    moved = row(peer=ANNA, dst="102", context="phones")
    seen = Seen()
    for one in (inside, moved):
        seen.see(one)
    assert call([moved], Sides(seen, ["PJSIP/mango"])).called == ""


def test_rows_of_one_call_are_found_by_what_they_share() -> None:
    """Its linked id; else the channel's id and the channels' names, unless Asterisk has begun anew since."""
    rows = [
        row(peer=f"{HALF};1", **ALONE),
        row(f"{HALF};2", ANNA, 1, **ALONE),
        row(ANNA, BORIS, 9, 20, **ALONE),
        row(peer=ANNA, start=9_000, **ALONE),
        row(peer=ANNA, start=9_001, unique="7.7", linked="6.6"),
        row("PJSIP/x-1", start=9_002, unique="8.8", linked="6.6"),
        row("PJSIP/x-1", start=9_003, unique="9.9", linked=""),
        row("PJSIP/x-2", start=9_004, unique="9.9", linked=""),
    ]
    assert [len(found) for found in gather(rows)] == [3, 1, 2, 2]


def test_a_name_that_comes_again_is_another_call() -> None:
    """A channel's name is used again after a restart; a caller may wait for long between two rows of one id."""
    assert [len(found) for found in gather([row(**ALONE), row(start=200, end=201, **ALONE)])] == [1, 1]
    assert [len(found) for found in gather([row(), row(start=200, end=201)])] == [2]


def test_rows_of_two_calls_that_turn_out_to_be_one() -> None:
    """A row that has something of both brings them together."""
    rows = [row("PJSIP/a-1", "PJSIP/b-1", **ALONE), row("PJSIP/c-1", "PJSIP/d-1", 1, **ALONE)]
    assert [len(found) for found in gather([*rows, row("PJSIP/a-1", "PJSIP/d-1", 2, **ALONE)])] == [3]


@pytest.mark.parametrize(
    ("fields", "is_outside"),
    [
        ({"channel": "PJSIP/anna-01", "src": "101", "context": "phones"}, False),
        ({"channel": "PJSIP/101-01", "context": "from-trunk"}, False),
        ({"channel": "SIP/mango-01", "context": "from-pstn"}, True),
        ({"channel": "SIP/mango-01", "context": "ivr-1", "did": "74951234567"}, True),
        ({"channel": "DAHDI/i1/89161234567-4", "context": "incoming"}, True),
        ({"channel": "SIP/anna-01", "src": "+74951234567", "context": "phones"}, False),
    ],
)
def test_who_is_outside(fields: dict[str, Any], is_outside: bool) -> None:
    """By context, DID and name, as far as rows tell."""
    seen = Seen()
    seen.see(row(**fields))
    assert Sides(seen).is_outside(fields["channel"]) is is_outside


def test_one_who_calls_with_several_numbers_is_a_trunk() -> None:
    """A phone has one number; the scheme's phones are never outside, and what is named is all there is."""
    seen = Seen()
    for src in ("89160000001", "89160000002", "89160000003"):
        seen.see(row("SIP/gate-01", src=src, context="office"))
    assert list(Sides(seen).outside) == ["SIP/gate"]
    assert Sides(seen, phones=["SIP/gate"]).outside == {}
    assert [list(Sides(seen, [name]).outside) for name in ("gate", "office", "x")] == [["SIP/gate"], ["SIP/gate"], []]


def test_nobody_talked_in_a_call_that_is_lost() -> None:
    """When it was answered is known of answered calls only."""
    assert (told(row(peer=ANNA)).answered_at, told(answered(peer=ANNA)).answered_at) == (None, 4)
