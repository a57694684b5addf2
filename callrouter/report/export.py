"""The files of a date, by name; the same night makes the same bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from callrouter.report import machine, text
from callrouter.report.content import content
from callrouter.report.documents import documents
from callrouter.report.language import language

if TYPE_CHECKING:
    from collections.abc import Iterable

    from callrouter.report.content import Content
    from callrouter.report.night import Night

FORMATS = ("csv", "json", "xlsx", "html", "text")
LISTED: dict[str, type[machine.Spreadsheet | machine.Listing]] = {"csv": machine.Spreadsheet, "json": machine.Listing}
"""What has each call as the contract has it."""


def files(night: Night, formats: Iterable[str], code: str, *, mask: bool) -> dict[str, bytes]:
    """Return the files of these formats; `mask`: phone numbers without their middle."""
    return written(content(night), formats, code, mask=mask)


def written(found: Content, formats: Iterable[str], code: str, *, mask: bool) -> dict[str, bytes]:
    """Return the files that say this."""
    asked, night, words = set(formats), found.night, language(code)
    listed = {kind: one() for kind, one in LISTED.items() if kind in asked}
    for some in documents(night.calls, mask=mask) if listed else ():
        for one in listed.values():
            one.add(some)
    made = {f"calls-{night.date}.{kind}": one.content() for kind, one in listed.items()}
    if "json" in asked:
        made[f"lcr-{night.date}.json"] = machine.as_json(machine.figures(found, mask=mask))
    if "xlsx" in asked:  # both libraries take longer to import than a command needs that prints neither
        from callrouter.report.workbook import workbook  # noqa: PLC0415

        made[f"calls-{night.date}.xlsx"] = workbook(found, words, mask=mask)
    if "html" in asked:
        from callrouter.report.page import page  # noqa: PLC0415

        made[f"lcr-{night.date}.html"] = page(found, words, mask=mask).encode()
    if "text" in asked:
        made[f"lcr-{night.date}.txt"] = f"{text.line(found, words)}\n".encode()
    return made
