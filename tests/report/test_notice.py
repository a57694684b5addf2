"""The letters of the notices: in both languages, with whole numbers inside and none outside, whatever names hold."""

from __future__ import annotations

import string
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest

from callrouter import report
from callrouter.report.language import LOCALES
from callrouter.report.notice import MOST, Letter, Told, subject, text

FOLDER = Path(report.__file__).parent
WORDS = {code: tomllib.loads((FOLDER / f"notices.{code}.toml").read_text("utf-8")) for code in LOCALES}
KINDS = ("lost", "waiting", "answered", "undistributed")
TOLD = Told(
    client="Romashka",
    number="+79161234567",
    priority="A",
    line="Site",
    at=1_795_000_000.0,
    wait=24.0,
    reason="abandoned",
    missed=("Anna", "Boris"),
    lost=2,
    attempts=1,
    whose="Anna",
    taken="Boris",
    answered_by=None,
    talk=61.0,
)
LETTER = Letter("lost", "anna", (TOLD,), (), 20.0, "Europe/Moscow")
PASSED = (("Anna", "absent"), ("Boris", "no_mail"), ("Vera", "no_mail"), ("left", "unknown_person"))


def _places(said: str) -> set[str | None]:
    return {name for _, name, _, _ in string.Formatter().parse(said)} - {None}


def test_both_languages_have_the_same_words() -> None:
    """Keys and the places of values are the same."""
    russian, english = WORDS["ru"], WORDS["en"]
    assert list(russian) == list(english)
    assert [key for key in russian if _places(russian[key]) != _places(english[key])] == []


@pytest.mark.parametrize("code", LOCALES)
def test_every_word_is_used(code: str) -> None:
    """One client, several, more than a letter holds, and everybody whom it was meant for: that is all it can say."""
    said = ""
    for kind in KINDS:
        one = replace(LETTER, kind=kind, passed=PASSED)
        many = replace(one, told=[replace(TOLD, reason="dropped")] * (MOST + 1))
        said += "".join(f"{subject(letter, code)}\n{text(letter, code)}\n" for letter in (one, many))
    unused = []
    for key, words in WORDS[code].items():
        pieces = [literal for literal, *_ in string.Formatter().parse(words) if literal.strip(" .,:")]
        if not all(piece in said for piece in pieces):
            unused.append(key)
    assert unused == []


def test_a_letter_in_english() -> None:
    """Everything that is known, and nothing else."""
    assert text(LETTER, "en") == (
        "Nobody answered this client. Please call back.\n\n"
        "Romashka · A\n"
        "Number: +79161234567\n"
        "Line: Site\n"
        "Called: 18 Nov 14:06, waited 24\xa0s, did not wait\n"
        "Rang and did not answer: Anna, Boris\n"
        "Calls lost: 2. Attempts to call back: 1.\n"
        "Whose: Anna\n"
        "Taken by Boris\n"
        "I call back: callrouter lost take +79161234567 anna\n\n"
        'More: callrouter lost show NUMBER. Nobody has to call back: callrouter lost done NUMBER --reason "why". '
        "Whoever was talked to leaves the list by himself.\n"
    )
    bare = replace(TOLD, client=None, priority=None, missed=(), whose=None, taken=None)
    short = text(replace(LETTER, told=(bare,)), "en")
    assert "\n\n+79161234567\nNumber" in short
    assert not any(word in short for word in ("Rang", "Whose", "Taken"))


def test_what_comes_from_outside_is_only_text() -> None:
    """A name with line ends, codes or braces makes no line, no header and no value."""
    strange = replace(TOLD, client="A\r\nBcc: x@example.org\u202e{number}", missed=("{0}",))
    letter = replace(LETTER, told=(strange,))
    assert "\n" not in subject(letter, "ru")
    assert "\r" not in subject(letter, "ru")
    assert "Bcc" not in [line.partition(":")[0] for line in text(letter, "ru").splitlines()]
    assert "{number}" in text(letter, "ru")
    assert "{0}" in text(letter, "ru")


def test_a_subject_has_no_whole_number() -> None:
    """It stands in lists: also when the client's name is his number."""
    for name in (None, "8 916 123-45-67"):
        letter = replace(LETTER, told=(replace(TOLD, client=name),))
        assert "*" in subject(letter, "ru")
