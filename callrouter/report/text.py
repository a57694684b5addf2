"""One line to paste into a report that is there already."""

from __future__ import annotations

from typing import TYPE_CHECKING

from callrouter.ledger.figure import printed

if TYPE_CHECKING:
    from callrouter.report.content import Content
    from callrouter.report.language import Language


def line(found: Content, language: Language) -> str:
    """Return the rate, its counts, whom nobody called back, and what they are of."""
    made = printed(found.figures)
    clients = made["clients"]
    assert isinstance(clients, dict)
    rate, ignored = made["lcr"], clients["ignored"]
    assert rate is None or isinstance(rate, float)
    night = found.night
    return language.say(
        "line" if rate is not None else "line_without_calls",
        lcr=language.percent(rate),
        lost=made["lost"],
        calls=made["calls"],
        ignored=ignored,
        date=language.short_date(night.date),
        timezone=night.period.timezone,
        definition=made["definition"],
    )
