"""What the pages show: their blocks, and the commands in their sentences."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from callrouter.cli import COMMANDS

ROOT = Path(__file__).parents[2]
PAGES = {
    page.relative_to(ROOT).as_posix(): page.read_text("utf-8")
    for page in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
}
TYPED = ("sh", "console")
"""The languages of blocks that are typed; `console` has a `$` before what is typed, and what is answered below."""
SHOWN = ("ini", "json", "python", "text", "toml", "yaml")
PROGRAMS = ("asterisk", "docker", "make", "mysqldump", "pip", "ssh", "sqlite3", "systemctl", "systemd-analyze")
"""Programs of others that sentences tell to type."""
_BLOCK = re.compile(r"^( *)```(\w*)\n(.*?)^\1```$", re.DOTALL | re.MULTILINE)
_CODE = re.compile(r"`([^`\n]+)`")


@dataclass(frozen=True, slots=True)
class Block:
    """What stands between two fences."""

    page: str
    language: str
    text: str

    @property
    def name(self) -> str:
        """Its page and its first line."""
        return f"{self.page}: {self.text.partition(chr(10))[0].removeprefix('$ ')}"


BLOCKS = tuple(
    Block(page, language, text) for page, whole in PAGES.items() for _, language, text in _BLOCK.findall(whole)
)


def sentences(page: str) -> str:
    """Return a page without its blocks."""
    return _BLOCK.sub("", PAGES[page])


def spoken() -> dict[str, str]:
    """Return the commands in the pages' sentences, each with the first page that has it, as one would type it."""
    found: dict[str, str] = {}
    for page in PAGES:
        for code in _CODE.findall(sentences(page)):
            first, *rest = code.split()
            if first in COMMANDS and rest and "=" not in rest:  # `lost list` in a sentence is `callrouter lost list`
                found.setdefault(f"callrouter {code}", page)
            elif (first == "callrouter" and rest) or (first in PROGRAMS and rest):
                found.setdefault(code, page)
    return found
