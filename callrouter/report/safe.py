"""Names and numbers that came from outside: nothing in them computes, commands or turns around; numbers are masked."""

from __future__ import annotations

import re
import unicodedata
from typing import TypeAlias
from urllib.parse import urlsplit

REPLACED = "\N{REPLACEMENT CHARACTER}"
SIGNS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""What a spreadsheet takes for the beginning of a formula; the last four are the signs at their full width."""
_SIGNS = frozenset(SIGNS)
E164 = re.compile(r"\+[0-9]{1,15}")
_NUMBER = re.compile(r"\+?[0-9](?:[\s().-]*[0-9]){6,}")
_SHOWN_FIRST, _SHOWN_LAST = 4, 2
_JOINERS = "\u200c\u200d"
Json: TypeAlias = "dict[str, Json] | list[Json] | str | int | float | None"


def clean(text: str) -> str:
    """Return text for people: without control characters, and without what turns the direction of reading."""
    if text.isprintable():  # nearly every text, and a glance tells
        return text
    return "".join(char if _is_shown(char) else REPLACED for char in text)


def defused(text: str) -> str:
    """Return free text that no spreadsheet computes."""
    text = text.replace("\0", REPLACED)
    return f"'{text}" if text[:1] in _SIGNS else text


def receiver(to: str) -> str:
    """Return a receiver as it may be shown: of a web address its host only, the rest may be a secret."""
    kind, _, address = to.partition(":")
    return clean(f"{kind}:{urlsplit(address).hostname}" if kind == "hook" else to)


def masked(text: str) -> str:
    """Return the text with each phone number's middle hidden: its first four and last two digits stay."""
    return _NUMBER.sub(lambda found: _hidden(found[0]), text)


def _hidden(number: str) -> str:
    digits = sum(char.isdigit() for char in number)
    seen, shown = 0, []
    for char in number:
        seen += char.isdigit()
        hides = char.isdigit() and _SHOWN_FIRST < seen <= digits - _SHOWN_LAST
        shown.append("*" if hides else char)
    return "".join(shown)


def _is_shown(char: str) -> bool:
    return char in _JOINERS or unicodedata.category(char) not in {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
