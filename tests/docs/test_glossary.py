"""The glossary has the words, in both languages."""

from __future__ import annotations

import re

from tests.docs.pages import PAGES

WORD = re.compile(r"^\| ([^|]+?) \| [^|]+ \|$", re.MULTILINE)
EXTRA = {"word", "слово", "---"}


def words(page: str) -> list[str]:
    """Return the words a page explains."""
    return [word for word in WORD.findall(PAGES[page]) if word not in EXTRA]


def test_the_words_of_the_architecture_are_explained() -> None:
    """What its table defines has an entry."""
    table = PAGES["docs/architecture.md"].partition("\n## ")[0]
    defined = {one for word in WORD.findall(table) if word not in EXTRA for one in word.split(", ")}
    assert defined
    assert defined <= {one for word in words("docs/glossary.md") for one in word.split(", ")}


def test_both_languages_explain_the_same() -> None:
    """Each word of one page stands on the other, in the same order."""
    english = words("docs/glossary.md")
    russian = [re.sub(r"^.*\((.+)\)$", r"\1", word) for word in words("docs/glossary.ru.md")]
    assert [re.sub(r"^.*\((\w+)\)$", r"\1", word).rpartition(", ")[2] for word in english] == [
        word.rpartition(", ")[2] for word in russian
    ]
    assert len(english) > 35
