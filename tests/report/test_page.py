"""The owner's page: its numbers are the ledger's, its names are harmless, it needs nothing but itself."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import pytest

from callrouter.cdr.audit import Difference
from callrouter.core.words import LostReason
from callrouter.ledger.figure import behind
from callrouter.ledger.figures import figures
from callrouter.report.content import content
from callrouter.report.export import files
from callrouter.report.language import language
from callrouter.report.page import TOLD, page
from callrouter.report.view import LISTED
from callrouter.store.outbox import Failed
from tests.ledger import table
from tests.ledger.rows import call
from tests.report.nights import COMPANY, MONDAY, known_of, night

EVIL = ("<script>alert(1)</script>", '=HYPERLINK("http://evil")', "\u202ekcah", '" onload="x', "a\0b\n{{ 7*7 }}")
CUT_OFF = 102_000
"""Bytes after which the strictest of the great mail services shows a page no further."""
RATES = {"lcr", "share"}


class Read(HTMLParser):
    """What a page shows: each figure by its name, its text, its elements."""

    def __init__(self, text: str) -> None:
        """Read it."""
        super().__init__()
        self.figures: list[tuple[str, str]] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self._name: str | None = None
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take an element."""
        self.tags.append((tag, dict(attrs)))
        self._name = dict(attrs).get("data-figure")

    def handle_data(self, data: str) -> None:
        """Take text."""
        self.text += data
        if self._name is not None:
            self.figures.append((self._name, data))
            self._name = None


def _page(code: str = "ru", **known: Any) -> str:
    return page(content(night(**known)), language(code), mask=False)


def _named(block: Any, name: str) -> Any:
    for part in name.split("."):
        block = next(one for one in block if str(one["key"]) == part) if isinstance(block, list) else block[part]
    return block


def test_each_number_on_the_page_is_the_ledgers() -> None:
    """A count is the length of its list, a rate and its counts are those of the very same period."""
    made = figures(known_of(), night().period, table.hours_of)
    lists, shown = behind(made), Read(_page("en")).figures
    counts = {name: text for name, text in shown if name in lists}
    assert counts == {name: f"{len(lists[name]):,}" for name in counts}
    rates = {name: text for name, text in shown if name.rpartition(".")[2] in RATES}
    expected = {name: _named(made, name) for name in rates}
    assert rates == {name: f"{round(rate * 100, 1):g}%" if rate is not None else "—" for name, rate in expected.items()}
    assert ("escalations.goal", "0") in shown
    others = {n: text for n, text in shown if n not in counts and n not in rates and n != "escalations.goal"}
    said = {name: _named(made, name) for name in others}
    assert others == {
        name: f"{round(value / 60) // 60}:{round(value / 60) % 60:02}"
        if name.endswith(".seconds") and not 0 < value < 60
        else f"{value:.0f}\xa0s"
        for name, value in said.items()
    }
    assert {"lcr", "lost", "calls", "clients.ignored", "service_level.20.share", "asa_seconds"} <= {n for n, _ in shown}
    assert len(shown) > 60


@pytest.mark.parametrize("code", ["ru", "en"])
def test_names_are_harmless(code: str) -> None:
    """Whatever clients and colleagues are called, it is text, reads in its own direction and ends where it ends."""
    calls = [
        call(
            f"2026-03-30T1{number}:00:00+02:00", lost=LostReason.NO_ANSWER, client=name, caller=f"+4915112345{number}0"
        )
        for number, name in enumerate(EVIL)
    ]
    names = replace(COMPANY, people={"anna": EVIL[0], "boris": EVIL[2]})
    made = files(night(*calls, call("2026-03-30T16:00:00+02:00"), company=names), ["html"], code, mask=False)
    text = made[f"lcr-{MONDAY}.html"].decode()
    read = Read(text)
    assert {tag for tag, _ in read.tags}.isdisjoint({"script", "img", "link", "iframe", "object", "form", "a"})
    assert not [name for _, attrs in read.tags for name in attrs if name.startswith("on") or name in {"href", "src"}]
    assert EVIL[0] in read.text
    assert EVIL[1] in read.text
    assert "{{ 7*7 }}" in read.text
    assert not re.search("[\u202a-\u202e\u2066-\u2069\0]", text)
    assert text.count("<bdi") == text.count("</bdi>") > 4


def test_the_page_needs_nothing_else() -> None:
    """No script, no picture and no style from elsewhere, no address at all, nothing that a mail client leaves out."""
    text = _page()
    assert not [part for part in ("http", "url(", "<svg", "<img", "<script", "class=") if part in text]
    assert text.count("<table") == text.count("</table>") > 50


def test_the_page_names_what_it_is_of() -> None:
    """Definition, period and zone, in the reader's form; a figure's words are in his language."""
    russian, english = Read(_page("ru")).text, Read(_page("en")).text
    assert "Определение lcr/1, сутки с 30 мар. 00:00 по 31 мар. 00:00 (не включая), Europe/Berlin." in russian
    assert "Definition lcr/1, from 30 Mar 00:00 to before 31 Mar 00:00, Europe/Berlin." in english
    assert "понедельник, 30 марта 2026" in russian
    assert "Monday, 30 March 2026" in english


def test_a_day_without_calls_has_a_page() -> None:
    """Nothing came: nothing is divided by, nobody waits, and the page says so."""
    quiet = call("2026-01-01T10:00:00+01:00")
    text = Read(page(content(night(quiet)), language("en"), mask=False)).text
    for said in ("Not a single call was lost.", "Nobody talked or missed a call.", "Nobody waits:", "are not there"):
        assert said in text
    assert "When we lose" not in text


def test_the_audit_is_told() -> None:
    """Calls with no or two outcomes, what Asterisk says otherwise, and only so many rows of these."""
    several = [Difference(f"1.{number}", None, "no_row", "lost", None) for number in range(TOLD)]
    times = Difference("2.1", None, "ended_at", table.instant("03-30 10:00"), table.instant("03-30 10:05"))
    read = Read(_page("en", differences=(times, *several[1:], times), live=2, records=12))
    assert "Compared with Asterisk's records: 12 calls." in read.text
    assert "Without an outcome yet: 2 calls." in read.text
    assert f"Without a row, or with two: {TOLD - 1} calls." in read.text
    assert "otherwise: 2 differences." in read.text
    assert read.text.count("no row") == TOLD - 1
    assert "30 Mar 10:05" in read.text


def test_who_waits_is_listed_by_priority_then_age() -> None:
    """As many as fit on a page, the others are counted; each with whose he is and what was tried."""
    many = [
        call(f"2026-03-30T10:{number:02}:00+02:00", lost=LostReason.NO_ANSWER, caller=f"+49151000000{number:02}")
        for number in range(LISTED)
    ]
    first = call("2026-03-30T12:00:00+02:00", lost=LostReason.CLOSED, caller="+491", client="Z", priority="A")
    tried = call("2026-03-30T13:00:00+02:00", lost=LostReason.NO_ANSWER, caller="", line="+491", direction="out")
    text = Read(page(content(night(*many, first, tried)), language("en"), mask=False)).text
    assert "and 1 more" in text
    listed = text[text.rindex("Waiting for a call") :]
    assert listed.index("Z +491") < listed.index("+4915100000000")
    assert "Глеб · A · called once · called back once" in " ".join(listed.split())


def test_what_was_done_about_who_waits_is_told() -> None:
    """Dropped in a transfer, taken by another, put off: each in the words of the list."""
    (one, *_) = night().waiting
    told = replace(one, dropped_by="boris", taken_by="vera", snoozed_until=night().period.end + 3600)
    text = Read(_page("en", waiting=(told,))).text
    assert "dropped in a transfer by Борис · taken by Вера · put off until 31 Mar 01:00" in text
    assert "taken by" not in Read(_page("en", waiting=(replace(told, taken_by=told.whose),))).text


def test_no_mail_client_cuts_it_off() -> None:
    """However many people, clients, hours and differences there are, and whatever they are called."""
    names = {f"p{number}": f"Сотрудник {number} с довольно длинным именем" for number in range(90)}
    calls = [
        call(
            f"2026-03-{day:02}T{hour:02}:{minute:02}:00+01:00",
            lost=LostReason.NO_ANSWER if minute % 3 else None,
            caller=f"+4915{day:02}{hour:02}{minute:02}",
            client=f"Общество с ограниченной ответственностью «{hour}:{minute}»" * 2,
            answered_by=None if minute % 3 else f"p{minute + hour}",
            source=f"Источник {minute % 7}",
        )
        for day in range(1, 29)
        for hour in range(24)
        for minute in range(0, 60, 7)
    ]
    several = [Difference(f"{number}." + "1" * 60, None, "ended_at", 1.0, 2.0) for number in range(40)]
    found = night(*calls, of=MONDAY.replace(day=28), company=replace(COMPANY, people=names), differences=tuple(several))
    for code in ("ru", "en"):
        text = page(content(found), language(code), mask=False)
        assert len(text.encode()) < CUT_OFF
        assert text.count("Общество") < 4 * LISTED


def test_what_was_not_delivered_is_told() -> None:
    """Exports and notices that were given up on the date, each with its receiver; the page says so at its top."""
    failed = Failed("k", "export", "mail:gleb@example.com", "LCR <b>", "dead", 9, "refused", night().period.start)
    read = Read(_page("en", failed=(failed, failed)))
    assert "Not delivered: 2 messages." in read.text
    assert "LCR <b> → mail:gleb@example.com, 30 Mar 00:00" in read.text
    found = content(night()).audit.findings + 2
    assert f"The report, checked: {found} findings, see the end." in read.text


def test_escalations_are_told_by_person() -> None:
    """How many there were, of which kind, who was silent or away; the goal is none."""
    made: Any = night().figures["escalations"]
    shown = dict(Read(_page("en")).figures)
    assert shown["escalations.goal"] == "0"
    for name in ("calls", "overload", "neglect"):
        assert shown[f"escalations.{name}"] == str(made[name])
    told = {one["key"]: (str(one["silent"]), str(one["away"])) for one in made["people"]}
    assert told
    for key, counts in told.items():
        assert tuple(shown[f"escalations.people.{key}.{name}"] for name in ("silent", "away")) == counts
