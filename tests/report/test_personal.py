"""A person's page: his figures are the ledger's, of colleagues' clients it says nothing; a head sees his people."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from callrouter.core.outcome import LegRow, StepRow
from callrouter.core.words import LostReason, PersonId, Result, Why
from callrouter.report.content import content
from callrouter.report.edition import own_edition
from callrouter.report.export import files as company_files
from callrouter.report.language import language
from callrouter.report.own import own
from callrouter.report.personal import PersonPage, files, line
from tests.ledger import table
from tests.ledger.rows import call
from tests.report.nights import COMPANY, MONDAY, PEOPLE, night
from tests.report.test_page import EVIL, Read

ANNA, BORIS = PersonId("anna"), PersonId("boris")
HERS, HIS, NOBODYS = "+4915110000001", "+4915110000002", "+4915110000003"


def _rang(number: str, hour: int, *silent: PersonId, **fields: Any) -> Any:
    """A call that reached the head, and rang for these in vain."""
    row = call(f"2026-03-30T{hour}:00:00+02:00", lost=LostReason.NO_ANSWER, wait=20.0, caller=number, **fields)
    at = row.arrived_at
    legs = [LegRow(one, f"PJSIP/{one}", 1, at, at, None, at + 10, Result.NO_ANSWER) for one in silent]
    away = ((PersonId("vera"), Why.ABSENT),)
    steps = (
        StepRow(1, "ring", "responsible", at, at + 10, None, away),
        StepRow(2, "ring", "head", at + 10, at + 20, None),
    )
    return replace(row, legs=tuple(legs), steps=steps)


CALLS = (
    _rang(HERS, 10, ANNA, client="Hers", responsible=ANNA, priority="A"),
    _rang(HIS, 11, ANNA, BORIS, client="His", responsible=BORIS),
    _rang(NOBODYS, 12, ANNA),
    call("2026-03-30T13:00:00+02:00", caller=HERS, client="Hers", responsible=ANNA, answered_by=BORIS),
    _rang(HIS, 14, BORIS, client="His", responsible=BORIS, department="service"),
)


def _text(person: str, *calls: Any, code: str = "en", mask: bool = False, **known: Any) -> str:
    made = files(night(*(calls or CALLS), **known), person, code, mask=mask)
    return " ".join(Read(made[f"lcr-{MONDAY}-{person}.html"].decode()).text.split())


def test_a_manager_reads_nothing_of_colleagues_clients() -> None:
    """Neither name nor number, though the call rang for her too; her clients and those who are nobody's are named."""
    text = _text("anna")
    assert "Hers" in text
    assert NOBODYS in text
    assert "a colleague's client" in text
    assert "His" not in text
    assert HIS not in text


def test_a_managers_figures_are_the_ledgers() -> None:
    """What she missed, whom she has to call back, how long she talked; the lists are as long as the figures say."""
    found = night()
    for person in PEOPLE:
        page = PersonPage(content(found), person, language("en"), mask=False)
        block = next((one for one in found.figures["people"] if one["key"] == person), {"answered": 0, "missed": 0})
        assert (page.me["answered"], page.me["missed"]) == (block["answered"], block["missed"])
        assert len(page.own.missed) == block["missed"]
        waits = [one for one in found.waiting if one.whose == person]
        assert [one for one in page.own.waiting if one.whose == person] == waits


def test_the_departments_of_a_head_count_as_the_ledger_counts_them() -> None:
    """His rate is that of the calls to his departments' lines; everybody of it is in his table."""
    found = night()
    his = own(content(found), "gleb")
    inbound = [one.row for one in found.calls if one.row.direction == "in" and one.row.department == "sales"]
    assert his.counted.calls == len(inbound)
    assert len(his.counted.lost) == sum(row.outcome == "lost" for row in inbound)
    assert his.people == {"anna", "boris", "vera", "gleb"}


def test_a_head_reads_everybodys() -> None:
    """Each of his people with what he missed, and the clients of all of them, but of his departments only."""
    text = _text("gleb")
    assert "Продажи" in text
    for name in ("Анна", "Борис", "Вера", "Hers", "His"):
        assert name in text
    assert "Анна: the phone rang" in text
    assert "Вера: absent" in text
    assert "14:00" not in text


def test_what_passed_a_manager_by() -> None:
    """The calls that reached the head past her, and her clients' ones; she needs no name to know herself."""
    text = _text("anna")
    escalated = text[text.rindex("Reached the head or beyond") :]
    assert escalated.count("neglect · you: the phone rang") == 3
    assert "Борис" not in escalated
    assert "14:00" not in escalated


def test_the_line_of_a_person() -> None:
    """What he has to do and has done, in one line; a head's has the rate of his departments."""
    found = content(night(*CALLS))
    said = {who: line(PersonPage(found, who, language("en"), mask=False)) for who in ("anna", "gleb")}
    assert said["anna"].startswith("Анна, yesterday: waiting for a call 0, missed 3, talked 0:00 · 30/03/2026,")
    assert said["gleb"].startswith("Продажи: LCR yesterday 75% (3 of 4), waiting for a call 2 · 30/03/2026,")


def test_the_letter_says_whose_page_it_is_and_of_when() -> None:
    """Also when it comes days later, after downtime."""
    said = {who: own_edition(content(night()), who, "en", 1, mask=False).subject for who in ("anna", "gleb", "irina")}
    assert said["anna"] == "Анна: Monday, 30 March 2026"
    assert said["gleb"] == "Продажи: Monday, 30 March 2026"
    assert said["irina"].startswith("LCR of 30/03/2026")


def test_who_was_not_there_has_a_page_too() -> None:
    """Nothing rang for him and nobody waits: his page says so."""
    text = _text("vera", call("2026-03-30T10:00:00+02:00"))
    for said in ("Nobody waits.", "Not a single call was lost.", "Not one.", "Not a single call."):
        assert said in text


@pytest.mark.parametrize("code", ["ru", "en"])
def test_names_are_harmless_on_a_persons_page(code: str) -> None:
    """Whatever clients and colleagues are called, it is text."""
    calls = [
        _rang(f"+491511234500{number}", 10 + number, ANNA, client=name, responsible=ANNA)
        for number, name in enumerate(EVIL)
    ]
    company = replace(COMPANY, people={"anna": EVIL[0], "boris": EVIL[2]}, departments={"sales": EVIL[0]})
    for person in ("anna", "gleb"):
        made = files(night(*calls, company=company), person, code, mask=False)[f"lcr-{MONDAY}-{person}.html"].decode()
        read = Read(made)
        assert {tag for tag, _ in read.tags}.isdisjoint({"script", "img", "link", "iframe", "object", "form", "a"})
        assert not [name for _, attrs in read.tags for name in attrs if name.startswith("on") or name == "href"]
        assert EVIL[0] in read.text


def test_a_masked_page_has_no_number() -> None:
    """Asked to, it hides what a stranger could dial."""
    assert NOBODYS not in _text("anna", mask=True)
    assert "+4915*******03" in _text("anna", mask=True)


def test_the_owners_page_is_the_companys() -> None:
    """Who owns the business reads all of it."""
    assert files(night(), "irina", "ru", mask=False) == company_files(night(), ["html", "text"], "ru", mask=False)


def test_the_bytes_of_a_page_repeat() -> None:
    """Made again they are the same."""
    assert files(night(*table.calls()), "gleb", "ru", mask=False) == files(night(), "gleb", "ru", mask=False)
