"""What is known of a date at its end, brought together: the ledger, the scheme of that date, Asterisk's records."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from typing import TYPE_CHECKING

from callrouter.cdr.audit import Difference, audit, without_record
from callrouter.ledger.escalation import BEYOND
from callrouter.ledger.figures import needed_from
from callrouter.ledger.period import Period, day, local
from callrouter.ledger.rate import inbound
from callrouter.report.night import DAYS, Company, Count, Department, Heard, Line, Night, Waiting, plotted
from callrouter.routing.availability import calendar_of
from callrouter.routing.calendar import stretches
from callrouter.routing.lines import find_line
from callrouter.routing.scheme import parse
from callrouter.routing.values import DEFAULT_LINE
from callrouter.routing.worklist import worklist
from callrouter.store import days, outbox, queries, records, schemes
from callrouter.store.ended import ended
from callrouter.store.figures import figures
from callrouter.store.waiting import waiting_at

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy.ext.asyncio import AsyncConnection

    from callrouter.core.outcome import CallRow
    from callrouter.core.words import Instant
    from callrouter.routing.calendar import Hours
    from callrouter.routing.values import Line as SchemeLine, Scheme
    from callrouter.store.ended import Ended

_HOUR = 3600


async def night(connection: AsyncConnection, of: date, timezone: str, until: Instant) -> Night:
    """Return what is known of a date; records of calls that ended at `until` or later may yet come."""
    period = day(of, timezone)
    by_date, by_hour = await counted(connection, of, timezone)
    recorded, differences = await _audited(connection, period, until)
    scheme = await _scheme(connection, period)
    company = _company(scheme, period)
    calls = await ended(connection, period.start, period.end)
    reached = inbound((one.row for one in calls.reached(BEYOND)), period)
    return Night(
        date=of,
        period=period,
        calls=calls,
        figures=await figures(connection, period, company.hours, until=period.end, reached=reached),
        heard=await _heard(connection, calls, company, period),
        days=by_date,
        hours=by_hour,
        company=company,
        live=await queries.live_between(connection, period.start, period.end),
        records=recorded,
        differences=tuple(differences),
        waiting=await _waiting(connection, scheme, period),
        failed=await outbox.failed(connection, period.start, period.end),
    )


async def counted(
    connection: AsyncConnection, of: date, timezone: str
) -> tuple[dict[date, Count], dict[tuple[int, int], Count]]:
    """Return the counts of each of the last days up to a date, and of each hour of the week (Monday is 1) in them."""
    found = await days.counted(connection, plotted(of, timezone), {"day", "week"})
    by_date = {date.fromisoformat(str(key)): Count(calls, lost) for key, (calls, _, lost) in found.of("day").items()}
    dates = (of - timedelta(days=ago) for ago in reversed(range(DAYS)))
    hours = {divmod(int(str(key)), 100): Count(calls, lost) for key, (calls, _, lost) in found.of("week").items()}
    return {one: by_date.get(one, Count()) for one in dates}, dict(sorted(hours.items()))


async def _heard(connection: AsyncConnection, calls: Ended, company: Company, period: Period) -> Heard:
    """Return when calls came and went on a date and the week before."""
    dates: defaultdict[int, set[date]] = defaultdict(set)
    before = Period(needed_from(period), period.start, period.timezone)
    for one in await queries.heard_quarters(connection, before.start, period.end):
        at = local(one, period.timezone)
        dates[at.hour].add(at.date())
    last = calls.last_called()
    missed = {line.key for line in company.lines if line.opens} - set(map(company.line_of, last))
    for part in reversed(days.dates(before)) if missed else ():
        dialled = {str(line) for line in (await days.counted(connection, part, {"by_line"})).of("by_line")}
        if missed & set(map(company.line_of, dialled)):
            last = await queries.last_called(connection, part.start, part.end) | last
            missed -= set(map(company.line_of, dialled))
    return Heard({hour: frozenset(those) for hour, those in dates.items()}, last)


async def _scheme(connection: AsyncConnection, period: Period) -> Scheme | None:
    """Return the scheme of the date."""
    revision = await schemes.at(connection, period.end)
    return None if revision is None else parse(revision.document, f"revision {revision.revision}")


async def _waiting(connection: AsyncConnection, scheme: Scheme | None, period: Period) -> tuple[Waiting, ...]:
    if scheme is None:
        return ()
    names = ("number", "name", "priority", "line", "department", "lost", "since", "attempts", "taken_by", "dropped_by")
    return tuple(
        Waiting(
            **{name: getattr(one.client, name) for name in names},
            whose=one.whose,
            seconds=one.seconds,
            snoozed_until=one.client.snoozed_until if one.is_snoozed else None,
        )
        for one in worklist(await waiting_at(connection, period.end), scheme, period.end)
    )


async def _audited(connection: AsyncConnection, period: Period, until: Instant) -> tuple[int, list[Difference]]:
    """Return how many calls to a line Asterisk recorded in the period, and how they differ from the ledger."""
    count, found = 0, list[Difference]()
    async for recorded, rows in records.lines_called(connection, period.start, period.end):
        over = [one for one in recorded if period.holds(one.started_at) and one.ended_at < until]
        count += len(over)
        found += audit(over, rows)
    missing = await records.without_record(connection, until, period.start)
    return count, [*found, *(without_record(row) for row in missing if period.holds(row.arrived_at))]


def _company(scheme: Scheme | None, period: Period) -> Company:
    if scheme is None:
        return Company({}, {}, (), lambda line: line, lambda _: None)

    def hours(row: CallRow) -> Hours | None:
        line = find_line(scheme, row.line)
        return None if line is None else calendar_of(scheme, line)

    return Company(
        people={person.id: person.name for person in scheme.people.values()},
        departments={one.id: one.name for one in scheme.departments.values()},
        lines=tuple(_line(scheme, line, period) for line in scheme.lines.values() if line.key != DEFAULT_LINE),
        line_of=lambda dialled: _key(scheme, dialled),
        hours=hours,
        staff=tuple(Department(one.id, one.name, one.members, one.head) for one in scheme.departments.values()),
        owner=scheme.company.owner,
        goal=scheme.report.goal,
    )


def _key(scheme: Scheme, dialled: str) -> str | None:
    line = find_line(scheme, dialled)
    return None if line is None else line.listed_as or line.key


def _line(scheme: Scheme, line: SchemeLine, period: Period) -> Line:
    hours = calendar_of(scheme, line)
    opened = [(period.start, period.end)] if hours is None else stretches(hours, period.start, period.end)
    return Line(line.key, line.name, frozenset(_hours(opened, period.timezone)))


def _hours(opened: Iterable[tuple[Instant, Instant]], timezone: str) -> Iterable[int]:
    for start, end in opened:
        at = start
        while at < end:
            yield local(at, timezone).hour
            at = at - at % _HOUR + _HOUR
