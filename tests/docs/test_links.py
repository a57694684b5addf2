"""Links between the pages lead to what they name."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

import pytest

from tests.docs.pages import PAGES, sentences

LINK = re.compile(r"\]\(([^)\s#]*)#([^)\s]+)\)")


def anchors(page: str) -> set[str]:
    """Return what a page's headings can be linked by."""
    headings = re.findall(r"^#+ (.+)$", sentences(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES)
def test_a_link_to_a_heading_has_one(page: str) -> None:
    """What stands behind the # is a heading there."""
    missing = []
    for file, anchor in LINK.findall(sentences(page)):
        there = (PurePosixPath(page).parent / file).as_posix() if file else page
        if there in PAGES and anchor not in anchors(there):
            missing.append(f"{file}#{anchor}")
    assert missing == []


@pytest.mark.parametrize("page", [page for page in PAGES if page != "README.md"])
def test_every_page_is_reached(page: str) -> None:
    """The index of docs/ leads to each page, in one language or the other."""
    name = page.removeprefix("docs/")
    assert name == "README.md" or f"]({name}" in PAGES["docs/README.md"] + PAGES["docs/README.ru.md"]
