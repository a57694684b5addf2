"""Russian and English: the same words in both, all of them used, numbers and plurals in the reader's form."""

from __future__ import annotations

import tomllib
from datetime import date
from pathlib import Path

import pytest

from callrouter import report
from callrouter.report.language import LOCALES, language

FOLDER = Path(report.__file__).parent
WORDS = {code: tomllib.loads((FOLDER / f"words.{code}.toml").read_text("utf-8")) for code in LOCALES}


def test_both_languages_have_the_same_words() -> None:
    """Keys, lists and the places of values are the same."""
    russian, english = WORDS["ru"], WORDS["en"]
    assert list(russian) == list(english)
    for key, said in russian.items():
        assert isinstance(said, dict) == isinstance(english[key], dict)
        if isinstance(said, dict):
            assert list(said) == list(english[key])
        else:
            assert _places(said) == _places(english[key]), key


def test_every_word_is_used() -> None:
    """A word that nothing says would be translated for nobody."""
    sources = "".join(path.read_text("utf-8") for path in FOLDER.iterdir() if path.suffix in {".py", ".jinja"})
    assert [key for key in WORDS["ru"] if f'"{key}"' not in sources] == []


@pytest.mark.parametrize(
    ("number", "russian", "english"),
    [(0, "0 звонков", "0 calls"), (1, "1 звонок", "1 call"), (3, "3 звонка", "3 calls"), (21, "21 звонок", "21 calls")],
)
def test_plurals(number: int, russian: str, english: str) -> None:
    """Each language has its own."""
    assert (language("ru").count("calls", number), language("en").count("calls", number)) == (russian, english)


def test_numbers_and_dates_are_in_the_readers_form() -> None:
    """Points, commas, spaces that do not break, and months by name."""
    ru, en = language("ru"), language("en")
    assert (ru.percent(9 / 121), en.percent(9 / 121), ru.percent(None)) == ("7,4\xa0%", "7.4%", "—")
    assert (ru.number(2543), en.number(2543)) == ("2\xa0543", "2,543")
    assert (ru.day(date(2026, 11, 20)), en.day(date(2026, 11, 20))) == ("20 нояб.", "20 Nov")
    assert (ru.age(3 * 86_400), en.age(7_200), ru.seconds(None), ru.talk(3_900)) == ("3 дня", "2 hours", "—", "1:05")
    assert (ru.weekday(7), en.weekday(1), ru.name("reasons", "none of them")) == ("вс", "Mon", "none of them")


def _places(said: str) -> set[str]:
    return {part.partition("}")[0] for part in said.split("{")[1:]}
