"""Where a person is named in texts: his numbers in any written form, and his names as whole words."""

from __future__ import annotations

import html
import io
import re
import zipfile
from typing import TYPE_CHECKING

import phonenumbers
from phonenumbers import PhoneMetadata

if TYPE_CHECKING:
    from collections.abc import Iterable

_BETWEEN = r"(?:[\s().\u00a0\u2010-\u2015\u2212-]|&nbsp;|&#160;){0,3}"
"""What people write between digits, in HTML too."""
_ZIP = b"PK\x03\x04"


class Traces:
    """What tells of one person."""

    def __init__(self, numbers: Iterable[str], names: Iterable[str] = ()) -> None:
        """`numbers` are E.164, or tokens."""
        self._numbers = {number: re.compile(_written(number)) for number in numbers}
        names = [name for name in names if name.strip()]
        spelled = {one for name in names for one in (name, html.escape(name), _in_json(name), name.replace('"', '""'))}
        self._names = re.compile(
            "|".join(rf"(?<!\w){re.escape(one)}(?!\w)" for one in sorted(spelled, key=len, reverse=True)) or r"(?!)",
            re.IGNORECASE,
        )

    def are_in(self, text: str) -> bool:
        """Return whether a text names the person."""
        return any(one.search(text) for one in self._numbers.values()) or self._names.search(text) is not None

    def are_in_file(self, content: bytes) -> bool:
        """Return whether a file does: a text, or a workbook of texts."""
        return self.are_in(_text(content))

    def without(self, text: str, tokens: dict[str, str]) -> str:
        """Return the text with each number's token in its place, and an ellipsis in that of a name."""
        for number, written in self._numbers.items():
            text = written.sub(tokens[number], text)
        return self._names.sub("\N{HORIZONTAL ELLIPSIS}", text)


def digits(number: str) -> str:
    """Return the digits that every written form of a number (E.164) ends with: those within its country."""
    return phonenumbers.national_significant_number(phonenumbers.parse(number))


def _written(number: str) -> str:
    parsed = phonenumbers.parse(number)
    region = phonenumbers.region_code_for_number(parsed)
    home = None if region is None else PhoneMetadata.metadata_for_region(region)
    trunk = "" if home is None else home.national_prefix or ""
    codes = [f"00{parsed.country_code}", str(parsed.country_code), trunk]
    before = "|".join(code + _BETWEEN for code in codes if code)
    return rf"(?<![0-9])(?:\+{_BETWEEN})?(?:{before})?{_BETWEEN.join(digits(number))}(?![0-9])"


def _in_json(name: str) -> str:
    return name.replace("\\", "\\\\").replace('"', '\\"')


def _text(content: bytes) -> str:
    if not content.startswith(_ZIP):
        return content.decode("utf-8", "replace")
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        return "\n".join(book.read(name).decode("utf-8", "replace") for name in book.namelist())
