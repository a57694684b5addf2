"""Asterisk's files of settings, read as it reads them: sections, templates, `(+)`, comments and included files."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

Read = Callable[[str], list[str]]
"""Returns the texts of the files that a name or a pattern stands for; none where there are none."""
Sections = dict[str, dict[str, str]]
"""Values by section and by key in small letters; of several of one name the last counts."""

DEEPEST = 8
"""Files that include one another in a chain."""
_INCLUDE = re.compile(r"#(?:try)?include\s+[\"<]?([^\">]+?)[\">]?\s*$")
_SECTION = re.compile(r"\[([^\]]+)\]\s*(?:\(([^)]*)\))?")
_SETTING = re.compile(r"([^=\s][^=]*?)\s*=>?\s*(.*)$")
_BLOCK = re.compile(r";--(?!-).*?--;", re.DOTALL)
_COMMENT = re.compile(r"(?<!\\);.*$")


def parse(read: Read, name: str) -> Sections:
    """Return what a file holds; a file that is not there holds nothing."""
    found: Sections = {}
    section: dict[str, str] = {}
    for line in _lines(read, name, DEEPEST):
        if begun := _SECTION.match(line):
            section = found.setdefault(begun[1], {})
            for template in filter(None, (one.strip() for one in (begun[2] or "").split(","))):
                section |= {} if template in "!+" else found.get(template, {})
        elif setting := _SETTING.match(line):
            section[setting[1].lower()] = setting[2].replace("\\;", ";")
    return found


def _lines(read: Read, name: str, deep: int) -> Iterator[str]:
    """Yield the lines without comments, those of included files in their place."""
    for text in read(name) if deep else []:
        for line in _BLOCK.sub("", text).splitlines():
            plain = _COMMENT.sub("", line).strip()
            if found := _INCLUDE.match(plain):
                yield from _lines(read, found[1], deep - 1)
            elif plain:
                yield plain
