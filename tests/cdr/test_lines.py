"""The lines of Asterisk's file: whole ones are records, a torn end waits, garbage is counted and passed over."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from callrouter.cdr.lines import LONGEST, read
from callrouter.core.recorded import RECORDING_MOST, Record
from tests.cdr.written import line

WHOLE = line()
EVIL = (
    '"',
    '","',
    "\n",
    '\ncallrouter,"1795310375.263283","',
    'callrouter,"1.000000","',
    ",,,",
    "\r\n\r",
    "\0",
    "я" * 80,
)


def test_every_column_has_its_place() -> None:
    """What the mapping writes, in its order, is what is understood."""
    assert read(line(callrouter_dialled="8916", callrouter_end="no_answer")) == (
        (
            Record(
                asterisk_id="1795310378.12",
                sequence=13,
                linked_id="1795310378.12",
                channel="PJSIP/trunk-00000007",
                peer="PJSIP/102-00000009",
                caller="89161234567",
                disposition="ANSWERED",
                started_at=1795310378.091531,
                answered_at=1795310378.394456,
                ended_at=1795310378.900135,
                line="+74951234567",
                by="fallback",
                end="no_answer",
                step=2,
                revision=1,
                dialled="8916",
            ),
        ),
        len(line(callrouter_dialled="8916", callrouter_end="no_answer")),
        0,
    )


@pytest.mark.parametrize(
    ("encoded", "named", "recording"),
    [
        ("", "", ""),
        ("%2Fspool%2Fin-%C2%AB%D0%9E%D0%9E%D0%9E%C2%BB%24%7BX%7D.wav", "", "/spool/in-«ООО»${X}.wav"),
        ("", "in-%2F\n.wav", "in-%2F\ufffd.wav"),
        ("%2Fa.wav", "b.wav", "/a.wav"),
        ("%ff%0a", "", "\ufffd\ufffd"),
        ("a" * RECORDING_MOST, "", "a" * RECORDING_MOST),
        ("a" * (RECORDING_MOST + 1), "", ""),
    ],
)
def test_where_it_was_recorded(encoded: str, named: str, recording: str) -> None:
    """The path that the dialplan encodes, else the PBX's own; what is too long to lead anywhere is none."""
    ((record,), _, _) = read(line(callrouter_recording=encoded, recordingfile=named))
    assert record.recording == recording


def test_a_file_from_before_there_were_recordings() -> None:
    """Its lines are two columns shorter, and records all the same; one column less is none."""
    old = WHOLE.removesuffix(b',"",""\n') + b"\n"
    assert (len(read(old + WHOLE)[0]), read(old)[0]) == (2, read(WHOLE)[0])
    assert read(old.removesuffix(b',""\n') + b"\n" + WHOLE)[2] == 1


def test_what_is_empty_is_nothing() -> None:
    """Not answered, no step, no revision."""
    ((record,), _, _) = read(line(answer="0.000000", callrouter_step="", callrouter_revision=""))
    assert (record.answered_at, record.step, record.revision) == (None, None, None)


@pytest.mark.parametrize("evil", EVIL)
def test_a_hostile_number_stays_in_its_place(evil: str) -> None:
    """Quotes, line feeds and the beginning of a record in a number are that number, and the next line is read."""
    first, second = read(line(src=evil) + WHOLE)[0]
    assert (first.caller, second.caller) == (evil, "89161234567")


@given(st.text(max_size=60), st.text(max_size=60), st.integers(0, 400))
def test_any_text_and_any_cut(caller: str, channel: str, cut: int) -> None:
    """Wherever the file is cut, what comes later completes it: nothing is lost, nothing twice, nothing is bad."""
    text = line(src=caller, channel=channel) + line(src=channel)
    records, done, bad = read(text[:cut])
    more, rest, worse = read(text[done:])
    assert (len(records) + len(more), done + rest, bad + worse) == (2, len(text), 0)


@pytest.mark.parametrize(
    "garbage",
    [
        b"nonsense\n",
        b"\xff\xfe\x00\n",
        WHOLE[:50],
        WHOLE[:-1],
        WHOLE.replace(b'"13"', b'"13","one more"'),
        line(uniqueid=""),
        line(sequence="x"),
        line(answer="never"),
        line(callrouter_step="9" * 30),
    ],
)
def test_garbage_is_counted_and_harms_nobody_else(garbage: bytes) -> None:
    """A line that is no record costs itself alone."""
    records, done, bad = read(WHOLE + garbage + WHOLE)
    assert (len(records), done, bad) == (2, len(WHOLE + garbage + WHOLE), 1)


def test_garbage_at_the_end_of_the_file_is_counted_at_once() -> None:
    """A line that cannot become a record is not waited for."""
    assert read(WHOLE + b"nonsense\n") == (read(WHOLE)[0], len(WHOLE) + 9, 1)


def test_empty_lines_are_nothing() -> None:
    """They are not even bad."""
    assert read(b"\n\n" + WHOLE) == (read(WHOLE)[0], len(WHOLE) + 2, 0)


@pytest.mark.parametrize("torn", [b"", b"call", WHOLE[:15], WHOLE[:40], WHOLE[:-1], b'callrouter,"1.000000","\n\n'])
def test_a_torn_end_waits_for_its_rest(torn: bytes) -> None:
    """It is neither read nor bad yet."""
    assert read(WHOLE + torn) == (read(WHOLE)[0], len(WHOLE), 0)


def test_an_end_that_never_comes_is_garbage() -> None:
    """Longer than any record is: passed over, so that reading goes on."""
    assert read(b"x" * (LONGEST + 1)) == ((), LONGEST + 1, 1)
