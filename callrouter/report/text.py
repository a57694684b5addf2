"""One line to paste into a report that is there already."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from callrouter.report.content import Content
    from callrouter.report.language import Language


def line(found: Content, language: Language) -> str:
    """Return the rate, its counts, whom nobody called back, and what they are of."""
    made = found.figures
    rate, number = made["lcr"], language.number
    said = language.say(
        "line" if rate is not None else "line_without_calls",
        lcr=language.percent(rate),
        lost=number(made["lost"]),
        calls=number(made["calls"]),
        ignored=number(made["clients"]["ignored"]),
    )
    return signed(said, found, language)


def signed(said: str, found: Content, language: Language) -> str:
    """Return words with the date, the zone and the definition of what they say."""
    of = found.night
    return f"{said} · {language.short_date(of.date)}, {of.period.timezone}, {found.figures['definition']}"
