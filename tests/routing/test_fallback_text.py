"""The fallback as text; what Asterisk does with it is in `tests/test_fallback.py`."""

from __future__ import annotations

from pathlib import Path

import pytest

from callrouter.routing.fallback import is_current, render, revision_of
from callrouter.routing.scheme import parse

HERE = Path(__file__).parent
SCHEME = """version = 1
timezone = "Europe/Moscow"
country = "RU"
[company]
owner = "olga"
[people]
olga = {name = "Olga", phones = ["PJSIP/79160000000@trunk"]}
ada = {name = "Ada", phones = ["PJSIP/101", "PJSIP/102"]}
bob = {name = "Bob", phones = ["PJSIP/103"]}
cy = {name = "Cy", phones = ["SIP/104"]}
[departments]
sales = {members = ["ada", "bob"], head = "bob"}
parts = {members = ["cy", "ada"]}
[ladders]
default = [{ring = "responsible", seconds = 5}, {ring = "department", seconds = 2.2}, {add = "owner"}]
skips = [
  {add = "department", seconds = 3},
  {ring = "head", seconds = 4},
  {add = "person:ada", seconds = 5},
  {add = "person:bob", seconds = 6},
  {add = "owner", seconds = 7},
]
nobody = [{ring = "responsible"}]
[lines]
"84951234567" = {name = "Сайт; [x]", department = "parts", prompt = "recording:bye"}
"+12125550123" = {department = "sales", ladder = "skips", prompt = "tone:busy"}
700 = {ladder = "nobody", prompt = "number:7"}
"""
DEFAULT = 'default = {department = "parts", ladder = "nobody", prompt = "sound:custom/bye"}\n'


def test_the_rendered_text_is_the_one_that_was_reviewed() -> None:
    """Every kind of step, phone, line and prompt, as in `fallback.conf` beside this file."""
    text = render(parse(f"{SCHEME}{DEFAULT}".encode()), 12, "f" * 64)
    assert text == (HERE / "fallback.conf").read_text("utf-8")


def test_without_a_default_line_other_numbers_are_refused() -> None:
    """They are logged and sent away as a failure (SIP 503)."""
    text = render(parse(SCHEME.encode()), 12, "f" * 64)
    assert text.endswith(
        "; Any other number: the scheme has no line `default`.\n"
        "exten => _[+0-9a-zA-Z].,1,Set(CDR(callrouter_by)=fallback)\n"
        " same => n,Log(WARNING,callrouter: ${EXTEN} is no line of the scheme)\n"
        " same => n,Set(CDR(callrouter_end)=failure)\n"
        " same => n,Hangup(34)\n"
    )


def test_a_line_without_a_prompt_ends_in_silence() -> None:
    """Nothing is played, and the caller is told that nobody answered (SIP 480)."""
    text = render(parse(SCHEME.replace(', prompt = "number:7"', "").encode()), 12, "f" * 64)
    served = text.partition("exten => 700,1,")[2].partition("exten =>")[0]
    assert "Progress()" not in served
    assert "Hangup(19)" in served


def test_a_rendered_file_knows_its_revision() -> None:
    """The first line says which document it was made from."""
    text = render(parse(SCHEME.encode()), 12, "ab" * 32)
    assert revision_of(text) == 12
    assert is_current(text, "ab" * 32)
    assert not is_current(text, "ba" * 32)


@pytest.mark.parametrize("text", ["", "\n", "[callrouter-fallback]\n", "; callrouter-fallback.conf: revision x\n"])
def test_another_file_is_none_of_ours(text: str) -> None:
    """What was written by hand has no revision."""
    assert revision_of(text) is None
    assert not is_current(text, "ab" * 32)
