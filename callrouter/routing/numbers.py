"""Telephone numbers as they come from trunks, phones and spreadsheets, made E.164 where they are numbers."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import phonenumbers
from phonenumbers import NumberParseException, PhoneMetadata, PhoneNumberFormat

if TYPE_CHECKING:
    from collections.abc import Iterator

LONGEST = 80
"""Characters of a number as it was written that are kept; a longer one is not a number."""

_URI = re.compile(r"(?:sips?|tel):([^@;]*).*", re.IGNORECASE | re.DOTALL)
_EXTENSION = re.compile(
    r"\s*(?:;\s*ext\s*=|[;,#xх]+|ext(?:ension|n)?|доб(?:авочный)?|вн)[.:]?\s*[0-9]{1,7}", re.IGNORECASE
)
_BETWEEN_DIGITS = re.compile("[\\s().\\-\u2010-\u2015\u2212\u200b-\u200f\u202a-\u202e]+")
_DIGITS = re.compile(r"(\+?)([0-9]{7,20})")
_SHORT = re.compile(r"(?!0+$)[0-9]{2,6}")
FORGOTTEN = re.compile("forgotten-[bcdfghjkmnpqrstv]{12}")
"""What stands where the number of somebody stood who was forgotten: chance, and no digit in it."""
_WITH_COUNTRY_CODE = 11
"""A trunk may leave the plus out: from so many digits on, the number may begin with a country code."""
_SHOWN_WHOLE = 6


@dataclass(frozen=True, slots=True)
class Number:
    """Who called: at most one of `e164` and `short` is set; both are None when withheld or not a number."""

    e164: str | None
    short: str | None
    """An internal number, two to six digits; or what stands for somebody who was forgotten."""
    raw: str
    """As it was written; what cannot be printed stands as U+FFFD, and only 80 characters are kept."""

    @property
    def known(self) -> str | None:
        """Return what identifies the caller: E.164, or the short number; None: nothing does."""
        return self.e164 or self.short


def read(raw: str, country: str) -> Number:
    """Read a number of any origin; `country` (two letters) is meant where no country code is written. Never raises."""
    kept = storable(raw)
    if len(raw) > LONGEST:
        return Number(None, None, kept)
    text = _URI.sub(r"\1", raw.strip()).strip()
    if _SHORT.fullmatch(text) or FORGOTTEN.fullmatch(text):
        return Number(None, text, kept)
    return Number(_e164(text, country), None, kept)


def storable(text: str) -> str:
    """Return what came from outside so that any table, log or page can hold it: printable, 80 characters at most."""
    return "".join(sign if sign.isprintable() else "\ufffd" for sign in text[:LONGEST])


def mask(number: str | None) -> str:
    """Return a number for the log: its head and its last two digits (`+7916*****67`); short numbers stay whole."""
    if not number:
        return "anonymous"
    if len(number) <= _SHOWN_WHOLE or FORGOTTEN.fullmatch(number):
        return number
    head = min(len(number) // 2 - 1, 5)
    return number[:head] + "*" * (len(number) - head - 2) + number[-2:]


def _e164(text: str, country: str) -> str | None:
    extension = _EXTENSION.search(text)
    if extension is not None and extension.end() == len(text):
        text = text[: extension.start()]
    found = _DIGITS.fullmatch(_BETWEEN_DIGITS.sub("", text))
    if found is None:
        return None
    for spelling in _spellings(found[1], found[2], country):
        try:
            number = phonenumbers.parse(spelling, country)
        except NumberParseException:
            continue
        if phonenumbers.is_valid_number(number):
            return phonenumbers.format_number(number, PhoneNumberFormat.E164)
    return None


def _spellings(plus: str, digits: str, country: str) -> Iterator[str]:
    """Yield what the digits can mean, the likeliest first."""
    if plus:
        yield plus + digits
        home = PhoneMetadata.metadata_for_region(country)
        if home is not None and home.national_prefix and digits.startswith(home.national_prefix):
            yield digits  # +8 916 …: the trunk prefix written with a plus
    elif digits.startswith("00"):
        yield "+" + digits[2:]
    else:
        yield digits
        if len(digits) >= _WITH_COUNTRY_CODE:
            yield "+" + digits
