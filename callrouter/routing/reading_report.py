"""Who gets the nightly export, and when, as a document says it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from callrouter.core.words import PersonId
from callrouter.routing.document_report import ReportPart
from callrouter.routing.faults import closest, quoted
from callrouter.routing.reading_calls import has_owner
from callrouter.routing.receivers import ADDRESSES, ROLES
from callrouter.routing.values import Report

if TYPE_CHECKING:
    from collections.abc import Mapping

    from callrouter.routing.source import Source
    from callrouter.routing.values import Company, SchemePerson


def report(source: Source, firm: Company, people: Mapping[PersonId, SchemePerson]) -> Report:
    """Return when the export is made, and for whom."""
    part = source.part(ReportPart, source.content.get("report", {}), "report")
    if part is None:
        return Report()
    for number, one in enumerate(part.to):
        if one in part.to[:number]:
            source.wrong(f"{quoted(one)} is listed twice", "report", "to", number)
        elif fault := _fault(source, one, firm, people):
            source.wrong(fault[0], "report", "to", number, meant=fault[1])
    return Report(
        at=part.at.rjust(5, "0"),
        to=tuple(part.to),
        language=part.language or firm.language,
        formats=tuple(dict.fromkeys(part.formats)),
        goal=part.goal,
        mask=part.mask,
    )


def _fault(
    source: Source, one: str, firm: Company, people: Mapping[PersonId, SchemePerson]
) -> tuple[str, str | None] | None:
    """Return why nobody can be reached so, and what was meant."""
    if one.startswith(ADDRESSES):
        return None
    if one == "owner" and not has_owner(source):
        return "there is no company.owner", None
    if one in ROLES and one != "owner":
        return None  # those of them who have an address
    known = source.keys("people")
    if one != "owner" and one not in known:
        return f"no person or kind of receiver is called {quoted(one)}", closest(one, [*known, *ROLES])
    person = people.get(PersonId(firm.owner or "" if one == "owner" else one))
    if person is not None and person.mail is None:
        return f"{quoted(person.id)} has no mail: write people.{person.id}.mail", None
    return None
