"""The language of who reads: words, plurals, numbers and dates in his form."""

from __future__ import annotations

import tomllib
from datetime import timedelta
from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from babel import Locale
from babel.dates import format_date, format_timedelta
from babel.numbers import format_decimal, format_percent

from callrouter.ledger.period import local
from callrouter.report.safe import clean

if TYPE_CHECKING:
    from datetime import date as Date  # noqa: N812 -- a language has a method of its name

LOCALES = {"ru": "ru", "en": "en_GB"}
NOTHING = "—"


class Language:
    """One of `LOCALES`."""

    def __init__(self, code: str) -> None:
        """Read its words."""
        self.code = code
        self._locale = Locale.parse(LOCALES[code])
        text = files("callrouter.report").joinpath(f"words.{code}.toml").read_text("utf-8")
        self._words: dict[str, Any] = tomllib.loads(text)

    def phrase(self, key: str) -> str:
        """Return the words of this key, with the places of their values."""
        said: str = self._words[key]
        return said

    def say(self, key: str, /, **values: object) -> str:
        """Return the words of this key, with these values in them."""
        return self.phrase(key).format(**values)

    def count(self, key: str, number: int) -> str:
        """Return so many of something: 1 звонок, 2 звонка, 5 звонков."""
        forms: dict[str, str] = self._words["counted"][key]
        return forms[self._locale.plural_form(number)].format(n=self.number(number))

    def name(self, kind: str, key: str) -> str:
        """Return the word for a key of a closed list, else the key itself."""
        known: dict[str, str] = self._words[kind]
        return known.get(key, clean(key))

    def number(self, value: float) -> str:
        """Return a number."""
        return format_decimal(value, format="#,##0.#", locale=self._locale)

    def percent(self, share: float | None) -> str:
        """Return a share with one digit after the point: 7,4 %."""
        pattern = self._locale.percent_formats[None].pattern.replace("0", "0.#")
        return NOTHING if share is None else format_percent(share, format=pattern, locale=self._locale)

    def seconds(self, value: float | None) -> str:
        """Return a few seconds, whole: nobody hears tenths."""
        return NOTHING if value is None else self.say("seconds", n=self.number(round(value)))

    def talk(self, seconds: float) -> str:
        """Return a longer time as hours and minutes, less than a minute as seconds."""
        if 0 < seconds < 60:  # noqa: PLR2004 -- a minute
            return self.seconds(seconds)
        minutes = round(seconds / 60)
        return f"{minutes // 60}:{minutes % 60:02}"

    def age(self, seconds: float) -> str:
        """Return how long ago something was: 3 дня."""
        return format_timedelta(timedelta(seconds=seconds), locale=self._locale)

    def date(self, day: Date) -> str:
        """Return a date with its weekday."""
        return format_date(day, format="full", locale=self._locale)

    def short_date(self, day: Date) -> str:
        """Return a date in digits."""
        return format_date(day, format="dd.MM.yyyy" if self.code == "ru" else "dd/MM/yyyy", locale=self._locale)

    def day(self, day: Date) -> str:
        """Return day and month."""
        return format_date(day, format="d MMM", locale=self._locale)

    def weekday(self, number: int) -> str:
        """Return the short name of a weekday, Monday is 1."""
        return str(self._locale.days["stand-alone"]["abbreviated"][number - 1])

    def clock(self, at: float, timezone: str) -> str:
        """Return day, month and time of an instant."""
        there = local(at, timezone)
        return f"{self.day(there.date())} {there:%H:%M}"


@lru_cache
def language(code: str) -> Language:
    """Return a language, read once."""
    return Language(code)
