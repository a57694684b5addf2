"""Nights: what is known of a date, from the calls of the ledger's tests."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import fields
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import orjson

from callrouter.ledger.clients import SETTLED, lost_clients
from callrouter.ledger.figure import printed
from callrouter.ledger.figures import figures
from callrouter.ledger.period import MICRO, day, local
from callrouter.ledger.rate import inbound
from callrouter.ledger.tally import tally
from callrouter.report.night import DAYS, Company, Count, Department, Heard, Line, Night, Waiting, plotted
from callrouter.store.ended import NAMES, Ended
from callrouter.store.queries import Recorded
from tests.ledger import table

if TYPE_CHECKING:
    from collections.abc import Iterable

    from callrouter.core.outcome import CallRow
    from callrouter.ledger.period import Period

MONDAY = date(2026, 3, 30)
PEOPLE = {"anna": "Анна", "boris": "Борис", "vera": "Вера", "gleb": "Глеб", "irina": "Ирина"}
LINES = (Line("site", "Сайт", frozenset(range(9, 18))), Line("hotline", "Горячая линия", frozenset(range(24))))
STAFF = (Department("sales", "Продажи", ("anna", "boris", "vera"), "gleb"),)
COMPANY = Company(PEOPLE, {"sales": "Продажи"}, LINES, lambda dialled: dialled, table.hours_of, STAFF, "irina")


def night(*calls: CallRow, of: date = MONDAY, company: Company = COMPANY, **known: Any) -> Night:
    """A night of these calls, else of the table's, as far as they were known at its end."""
    period, plots = day(of, table.BERLIN), plotted(of, table.BERLIN)
    ended = known_of(*calls, of=of)
    to_us = [row for row in ended if row.direction != "out" and period.holds(row.arrived_at)]
    return Night(
        date=of,
        period=period,
        calls=kept(Recorded(row, None) for row in to_us),
        figures=printed(figures(ended, period, company.hours)),
        heard=heard(ended),
        days=by_date(ended, plots),
        hours=by_hour(ended, plots),
        company=company,
        **{"records": len(to_us), "waiting": waiting(ended, period.end), **known},
    )


def kept(calls: Iterable[Recorded]) -> Ended:
    """These calls as the database has them."""
    known = tuple(calls)
    own = [(*(_kept(name, getattr(one.row, name)) for name in NAMES[:-1]), one.claimed_by) for one in known]
    return Ended(own, _parts(known, "talk"), _parts(known, "steps"), _parts(known, "legs"))


def _parts(known: tuple[Recorded, ...], name: str) -> dict[str, list[tuple[Any, ...]]]:
    return {one.row.id: [_part(part) for part in getattr(one.row, name)] for one in known}


def _part(part: Any) -> tuple[Any, ...]:
    return tuple(_kept(one.name, getattr(part, one.name)) for one in fields(part))


def _kept(name: str, value: Any) -> Any:
    if name == "passed":
        return orjson.dumps(value).decode() if value else None
    return round(value * MICRO) if name.endswith("_at") and value is not None else value


def known_of(*calls: CallRow, of: date = MONDAY) -> list[CallRow]:
    """The ended ones of these calls, else of the table's, up to the end of a date."""
    end = day(of, table.BERLIN).end
    return [row for row in calls or table.calls() if row.outcome is not None and row.arrived_at < end]


def heard(ended: list[CallRow]) -> Heard:
    """When these calls came and went."""
    dates: defaultdict[int, set[date]] = defaultdict(set)
    last: dict[str, float] = {}
    for row in sorted(ended, key=lambda row: row.arrived_at):
        at = local(row.arrived_at, table.BERLIN)
        dates[at.hour].add(at.date())
        last |= {row.line: row.arrived_at} if row.direction == "in" else {}
    return Heard({hour: frozenset(those) for hour, those in dates.items()}, last)


def waiting(ended: list[CallRow], at: float) -> tuple[Waiting, ...]:
    """Who is on the list of lost clients by these calls, as SQL keeps it; A first, then who waits longest."""
    found = lost_clients([row for row in ended if row.direction == "in"], ended)
    listed = [
        Waiting(
            number=one.number,
            name=one.last.client,
            priority=one.last.priority,
            line=one.last.line,
            department=one.last.department,
            whose=one.last.responsible or "gleb",
            lost=len(one.lost),
            since=one.lost[0].arrived_at,
            seconds=at - one.lost[0].arrived_at,
            attempts=len(one.attempts),
        )
        for one in found
        if one.fate not in SETTLED
    ]
    return tuple(sorted(listed, key=lambda one: (one.priority or "D", one.since, one.number)))


def by_date(ended: list[CallRow], plots: Period) -> dict[date, Count]:
    """The counts of each of these days, as SQL counts them."""
    dates = (local(plots.start, table.BERLIN).date() + timedelta(days=number) for number in range(DAYS))
    of_dates = {one: tally(inbound(ended, day(one, table.BERLIN))) for one in dates}
    return {one: Count(found.calls, len(found.lost)) for one, found in of_dates.items()}


def by_hour(ended: list[CallRow], plots: Period) -> dict[tuple[int, int], Count]:
    """The counts of each hour of the week of these days, as SQL counts them."""
    hours: defaultdict[tuple[int, int], list[CallRow]] = defaultdict(list)
    for row in inbound(ended, plots):
        at = local(row.arrived_at, table.BERLIN)
        hours[at.isoweekday(), at.hour].append(row)
    return {key: Count(len(rows), len(tally(rows).lost)) for key, rows in sorted(hours.items())}
