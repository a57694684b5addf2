"""Lines in a file of somebody else's come and go, and leave it as it was."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from callrouter.pbx.marked import MarksError, lines, put, take_out, theirs

FILES = st.none() | st.binary(max_size=60) | st.sampled_from([b"", b"[general]\n", b"a\r\n", b"a", b"\n\n", b"; <<<\n"])


@given(FILES, st.lists(st.sampled_from(["#include x.conf", "[general](+)", "a = b"]), min_size=1).map("\n".join))
def test_taken_out_it_is_as_before(before: bytes | None, ours: str) -> None:
    """To the last byte, whatever the file was: not there, empty, without an end to its last line, not even text."""
    after = put(before, ours)
    assert take_out(after) == before
    assert lines(after) == ours + "\n"
    assert put(after, ours) == after


def test_new_lines_take_the_place_of_the_old() -> None:
    """What somebody wrote before and behind them stays where it is."""
    after = put(b"one\n", "old") + b"two\n"
    again = put(after, "new\nnewer")
    assert (theirs(again), lines(again)) == ("one\ntwo\n", "new\nnewer\n")
    assert again.index(b"newer") < again.index(b"two")
    assert take_out(again) == b"one\ntwo\n"


def test_a_file_of_ours_that_others_wrote_into_stays() -> None:
    """Only what is ours goes."""
    assert take_out(put(None, "x") + b"theirs\n") == b"theirs\n"
    assert take_out(put(b"cut", "x") + b"theirs\n") == b"cut\ntheirs\n"


@pytest.mark.parametrize("part", [b"; <<< callrouter\n", b"; >>> callrouter"])
def test_half_a_pair_is_left_alone(part: bytes) -> None:
    """A mark that is gone or doubled is for a person to look at: nothing is guessed."""
    broken = put(b"one\n", "x").replace(part, b"")
    with pytest.raises(MarksError, match="mend them by hand"):
        put(broken, "y")
    with pytest.raises(MarksError):
        take_out(put(b"", "x") * 2)
