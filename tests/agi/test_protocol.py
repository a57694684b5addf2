"""Bytes of FastAGI: however they are split and whatever they are, the same is heard and nothing raises."""

from __future__ import annotations

import itertools
import re

from hypothesis import given, strategies as st

from callrouter.agi.protocol import (
    HEAD_MOST,
    HEADERS_MOST,
    LINE_MOST,
    VALUE_MOST,
    Decoder,
    Heard,
    HungUp,
    Nonsense,
    Reply,
    Request,
    command,
)

HEAD = b"agi_network: yes\nagi_network_script: route?x=1\nagi_request: agi://127.0.0.1/route\nagi_channel: PJSIP/t-1\n"
WHOLE = (
    HEAD
    + b"agi_callerid: 8916\nagi_channel: PJSIP/other-1\nodd\nagi_language: ru\n\n"
    + b"200 result=1 (a (b) c)\r\n200 result=0\nHANGUP\n511 Command Not Permitted on a dead channel\n"
    + b"520-Invalid command syntax.  Proper usage follows:\nUsage: ...\n520 End of proper usage.\n"
    + b"agi_dnid: 1\n200 result=-1\n200 result=1 (cut"
)
HEARD: list[Heard] = [
    Request(
        "route",
        {
            "agi_network": "yes",
            "agi_network_script": "route?x=1",
            "agi_request": "agi://127.0.0.1/route",
            "agi_channel": "PJSIP/t-1",
            "agi_callerid": "8916",
            "agi_language": "ru",
        },
    ),
    Reply(200, 1, "a (b) c"),
    Reply(200, 0),
    HungUp(),
    Reply(511),
    Reply(520),
    Reply(200, -1),
]


@given(st.lists(st.integers(0, len(WHOLE)), max_size=30))
def test_any_split_of_the_bytes_is_the_same(cuts: list[int]) -> None:
    """A conversation is heard alike in one piece and byte by byte; a line without an end is not heard."""
    decoder, places = Decoder(), sorted({0, *cuts, len(WHOLE)})
    pieces = [WHOLE[start:end] for start, end in itertools.pairwise(places)]
    assert [heard for piece in pieces for heard in decoder.feed(piece)] == HEARD


@given(
    st.lists(st.binary(max_size=200) | st.sampled_from([HEAD, b"\n", b"\n\n", b"200 result=1 (\xff)\n", b"HANGUP\n"]))
)
def test_it_never_raises(pieces: list[bytes]) -> None:
    """Whatever the bytes are; what is no Asterisk is said to be so once."""
    decoder = Decoder()
    heard = [one for piece in pieces for one in decoder.feed(piece)]
    assert sum(isinstance(one, Nonsense) for one in heard) <= 1
    assert not any(isinstance(one, Nonsense) for one in heard[:-1]), "nothing is heard of it after that"


def test_other_programs_are_told_from_asterisk() -> None:
    """A port scan, a browser and a flood are no Asterisk, and nothing more is heard of them."""
    for first in (b"GET / HTTP/1.1\r\n", b"\n", b"\x16\x03\x01\n", b"agi_network: no\n"):
        decoder = Decoder()
        assert decoder.feed(first) == [Nonsense()]
        assert decoder.feed(HEAD + b"\n") == []
    decoder = Decoder()
    flood = b"agi_network: yes\n" + b"agi_x: " + b"x" * HEAD_MOST + b"\n"
    assert decoder.feed(flood) == [Nonsense()]


def test_lines_and_headers_are_bounded() -> None:
    """A long line is cut, and headers beyond the bound are left out."""
    decoder = Decoder()
    (request,) = decoder.feed(HEAD + b"agi_calleridname: " + b"x" * (LINE_MOST + 99) + b"\nagi_last: 1\n\n")
    assert isinstance(request, Request)
    assert len(request.headers["agi_calleridname"]) < LINE_MOST
    assert request.headers["agi_last"] == "1"
    many = b"".join(b"agi_x%d: 1\n" % number for number in range(HEADERS_MOST * 2))
    (request,) = Decoder().feed(HEAD + many + b"\n")
    assert isinstance(request, Request)
    assert len(request.headers) == HEADERS_MOST


@given(
    st.lists(st.text() | st.sampled_from(['a"b', "\\", "x\ny", "\r\nHANGUP", "${X}", "\ud800"]), min_size=1, max_size=5)
)
def test_no_word_is_two_and_no_command_a_second_one(words: list[str]) -> None:
    """A command is one line, and Asterisk's own rules for quotes give back as many words as there were."""
    said = command(*words)
    assert said.endswith(b"\n")
    assert said.count(b"\n") == 1
    found = re.findall(r'"((?:[^"\\]|\\.)*)"(?: |$)', said.decode().rstrip("\n"))
    assert len(found) == len(words)
    assert all(len(one.encode()) <= 2 * VALUE_MOST for one in found)
