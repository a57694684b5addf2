"""The fallback as text; what Asterisk does with it is in `tests/test_fallback.py`."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import pytest

from callrouter.routing.fallback import is_current, render, revision_of, runs_out
from callrouter.routing.scheme import parse

HERE = Path(__file__).parent
NOW = datetime.fromisoformat("2026-11-22 12:00+00:00").timestamp()
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

WITH_HOURS = """version = 1
timezone = "Europe/Moscow"
country = "RU"
[calendars.office]
hours = ["Mon-Fri 09:00-13:00, 14:00-18:00", "Sat 10:00-14:00"]
short_before_holidays = 60
days = {"2026-12-30" = "09:00-15:00", "2027-02-20" = "closed"}
[calendars.night]
hours = ["Mon, Wed, Fri 22:00-02:00"]
holidays = "none"
timezone = "Europe/Berlin"
[calendars.always]
hours = ["Mon-Sun 00:00-24:00"]
holidays = "none"
[company]
owner = "olga"
[people]
olga = {name = "Olga", phones = ["PJSIP/79160000000@trunk"]}
ada = {name = "Ada", phones = ["PJSIP/101", "PJSIP/102"], reports_to = "cy"}
bob = {name = "Bob", phones = ["PJSIP/103"]}
cy = {name = "Cy", phones = ["SIP/104"]}
[departments]
sales = {members = ["ada", "bob", "cy"], head = "bob", hours = "office", extension = "600"}
[[duty]]
from = "2026-11-23 18:00"
to = "2026-11-24 09:00"
people = ["ada", "cy"]
department = "sales"
[[duty]]
from = "2026-11-24 09:00"
to = "2026-11-25 09:00"
people = ["ada"]
[[duty]]
from = "2026-10-01"
to = "2026-10-02"
people = ["bob"]
[ladders]
default = [
  {ring = "department", order = "listed", seconds = 30, each = 10},
  {add = "department", order = "listed", at_once = 2, seconds = 20},
  {ring = "department", seconds = 5, when = {priority = "A"}},
  {add = "higher", seconds = 5},
  {add = "department", order = "listed"},
]
person = [{ring = "person:ada", seconds = 5}]
shut = [
  {ring = "on_duty", seconds = 20, when = {open = false}},
  {ring = "person:cy", seconds = 20},
  {add = "on_duty", seconds = 10},
  {add = "owner", seconds = 5},
  {ring = "department", when = {open = true}},
]
[lines."+74951234567"]
name = "Сайт"
department = "sales"
closed = {ladder = "shut", prompt = "tone:busy"}
at_end = {context = "voicemail,100,1"}
[lines.site]
numbers = ["+7495765XXXX", "+74957650000..+74957650001"]
department = "sales"
hours = "night"
[lines.700]
department = "sales"
ladder = "person"
hours = "always"
person = "cy"
at_end = {again = true, seconds = 7}
closed = {prompt = "number:7"}
"""


def test_the_rendered_text_is_the_one_that_was_reviewed() -> None:
    """Every kind of step, phone, line and prompt, as in `fallback.conf` beside this file."""
    text = render(parse(f"{SCHEME}{DEFAULT}".encode()), 12, "f" * 64, NOW)
    assert text == (HERE / "fallback.conf").read_text("utf-8")


def test_hours_as_asterisk_is_told_them() -> None:
    """Calendars, holidays for a year, duty table, people in turn, patterns and what closed lines do."""
    text = render(parse(WITH_HOURS.encode()), 12, "f" * 64, NOW)
    assert text == (HERE / "fallback_hours.conf").read_text("utf-8")


def test_on_duty_without_a_duty_table_is_the_whole_department() -> None:
    """Shifts are not written; and the internal number of a department without a line leads nowhere."""
    scheme = SCHEME.replace('nobody = [{ring = "responsible"}]', 'nobody = [{ring = "on_duty"}]')
    scheme = scheme.replace("700 = {ladder", '700 = {department = "sales", ladder')
    text = render(
        parse(f'{scheme}[departments.alone]\nmembers = ["cy"]\nextension = "600"\n'.encode()), 12, "f" * 64, NOW
    )
    served = text.partition("exten => 700,1,")[2].partition("exten =>")[0]
    everybody = "&".join(f"${{PJSIP_DIAL_CONTACTS({phone})}}" for phone in (101, 102, 103))
    assert f"Set(CALLROUTER_NEXT={everybody})" in served
    assert "exten => 600" not in text


def test_a_file_says_until_when_its_holidays_are_written() -> None:
    """A year from the day it was rendered; without holidays, days of its own and duties it never runs out."""
    assert runs_out(render(parse(WITH_HOURS.encode()), 12, "f" * 64, NOW)) == date(2027, 11, 22)
    assert runs_out(render(parse(SCHEME.encode()), 12, "f" * 64, NOW)) is None
    weekly = 'calendars = {week = {hours = ["Mon-Fri 09:00-18:00"], holidays = "none"}}\n'
    scheme = parse(f'{weekly}{SCHEME}800 = {{ladder = "nobody", hours = "week"}}\n'.encode())
    assert runs_out(render(scheme, 12, "f" * 64, NOW)) is None


def test_without_a_default_line_other_numbers_are_refused() -> None:
    """They are logged and sent away as a failure (SIP 503)."""
    text = render(parse(SCHEME.encode()), 12, "f" * 64, NOW)
    assert text.endswith(
        "; Any other number: the scheme has no line `default`.\n"
        "exten => _[+0-9a-zA-Z].,1,Set(CDR(callrouter_by)=fallback)\n"
        " same => n,Log(WARNING,callrouter: ${EXTEN} is no line of the scheme)\n"
        " same => n,Set(CDR(callrouter_end)=failure)\n"
        " same => n,Hangup(34)\n"
    )


def test_a_line_without_a_prompt_ends_in_silence() -> None:
    """Nothing is played, and the caller is told that nobody answered (SIP 480)."""
    text = render(parse(SCHEME.replace(', prompt = "number:7"', "").encode()), 12, "f" * 64, NOW)
    served = text.partition("exten => 700,1,")[2].partition("exten =>")[0]
    assert "Progress()" not in served
    assert "Hangup(19)" in served


def test_a_rendered_file_knows_its_revision() -> None:
    """The first line says which document it was made from."""
    text = render(parse(SCHEME.encode()), 12, "ab" * 32, NOW)
    assert revision_of(text) == 12
    assert is_current(text, "ab" * 32)
    assert not is_current(text, "ba" * 32)


@pytest.mark.parametrize("text", ["", "\n", "[callrouter-fallback]\n", "; callrouter-fallback.conf: revision x\n"])
def test_another_file_is_none_of_ours(text: str) -> None:
    """What was written by hand has no revision."""
    assert revision_of(text) is None
    assert not is_current(text, "ab" * 32)


def test_a_line_may_keep_its_old_way() -> None:
    """A line with a `fallback` goes on there instead of its ladder, however it is written, and is marked."""
    document = SCHEME.replace('ladder = "nobody", prompt = "number:7"', 'ladder = "nobody", fallback = "queues,600,1"')
    text = render(parse(document.encode()), 7, "0" * 64, NOW)
    assert (
        "; 700: goes on at queues,600,1\n"
        "exten => 700,1,Set(CDR(callrouter_by)=fallback)\n"
        " same => n,Set(CDR(callrouter_revision)=7)\n"
        " same => n,Goto(queues,600,1)\n"
    ) in text
