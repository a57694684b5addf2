"""A busy company's calls, made up and written in bulk: people, lines, hours, who calls again, who is called back."""

# ruff: noqa: PLR2004, S311 - shares and odds of a made-up company, drawn by chance
from __future__ import annotations

from bisect import bisect
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import accumulate
from random import Random

from callrouter.ledger.period import date_at, local, midnight

ZONE = "Europe/Moscow"
FIRST = date(2025, 11, 1)
LINES, PEOPLE, STEPS = 12, 40, 4
MICRO = 1_000_000
REGULAR = 0.6
"""So many calls come from clients who have called before."""
OFFICE = ("sales", "service", "support")
SOURCES = ("Яндекс", "Авито", "2ГИС", "сайт", None)
HOURS = (1, 1, 1, 1, 1, 2, 4, 12, 40, 90, 110, 115, 100, 85, 95, 100, 95, 80, 45, 12, 6, 3, 2, 1)
"""How many calls come at which hour of the clock, of a weekday."""
WEEKEND = 0.3
"""Calls of a Saturday or a Sunday, by those of a weekday."""
COLUMNS: dict[str, tuple[str, ...]] = {
    "calls": (
        *("id", "line", "department", "caller", "caller_raw", "client_id", "client", "responsible", "priority"),
        *("segment", "direction", "arrived_at", "answered_at", "ended_at", "outcome", "lost_reason", "lost_step"),
        *("answered_by", "answered_step", "scheme_revision", "routed_by", "recovered", "asterisk_id", "is_closed"),
        *("source", "app"),
    ),
    "call_steps": ("call_id", "position", "step", "action", "target", "started_at", "ended_at", "skipped", "passed"),
    "call_legs": (
        *("call_id", "position", "person", "phone", "step"),
        *("started_at", "ringing_at", "answered_at", "ended_at", "result"),
    ),
    "call_talk": ("call_id", "position", "person", "started_at", "ended_at"),
}
SCHEME = "\n".join(
    [
        f'version = 1\ntimezone = "{ZONE}"\ncountry = "RU"\n[company]\nowner = "p0"',
        '[calendars]\noffice = {hours = ["Mon-Fri 08:00-20:00", "Sat-Sun 10:00-18:00"]}\n[people]',
        *(f'p{number} = {{name = "P {number}", phones = ["PJSIP/{100 + number}"]}}' for number in range(PEOPLE)),
        "[departments]",
        *(
            f'{key} = {{members = {[f"p{one}" for one in range(PEOPLE) if one % 3 == place]}, head = "p{place}"}}'
            for place, key in enumerate(OFFICE)
        ),
        "[ladders]",
        'default = [{ring = "responsible", seconds = 10}, {ring = "department", seconds = 20}, {add = "head"}]',
        "[lines]",
        *(
            f'"+7495100{number:04}" = {{department = "{OFFICE[number % 3]}", hours = "office"}}'
            for number in range(LINES)
        ),
    ]
)


@dataclass
class Rows:
    """Rows of some tables, as they are written."""

    calls: list[tuple[object, ...]] = field(default_factory=list)
    call_steps: list[tuple[object, ...]] = field(default_factory=list)
    call_legs: list[tuple[object, ...]] = field(default_factory=list)
    call_talk: list[tuple[object, ...]] = field(default_factory=list)


def _share(day: date) -> float:
    return WEEKEND if day.isoweekday() > 5 else 1


class Year:
    """Dates with their calls, always the same ones; instants are whole microseconds."""

    def __init__(self, calls: int, days: int) -> None:
        self.days = days
        self._a_workday = calls / sum(map(_share, self.known()))
        self._chance = Random(1)
        self._number = 0
        self._clients = calls // days * 20
        """Clients who call again and again; beside them each day has new ones."""
        self._later: list[tuple[int, str, int, str]] = []

    def dates(self) -> Iterator[tuple[date, Rows]]:
        """Yield each date's rows."""
        for day in self.known():
            yield day, self._date(day)

    def known(self) -> Iterator[date]:
        """Yield the dates, oldest first."""
        yield from (FIRST + timedelta(days=ago) for ago in range(self.days))

    @property
    def last(self) -> date:
        """Return the last date."""
        return FIRST + timedelta(days=self.days - 1)

    def _date(self, day: date) -> Rows:
        rows, start = Rows(), int(midnight(day, ZONE)) * MICRO
        weights = list(accumulate(HOURS))
        again, self._later = self._later, []
        for at, caller, line, what in again:
            self._again(rows, at, caller, line, what)
        while len(rows.calls) < self._a_workday * _share(day):
            hour = bisect(weights, self._chance.random() * weights[-1])
            at = start + hour * 3600 * MICRO + self._chance.randrange(3600 * MICRO)
            self._inbound(rows, at, self._caller(), self._chance.randrange(LINES))
        return rows

    def _caller(self) -> str | None:
        if self._chance.random() < 0.01:
            return None
        if self._chance.random() < REGULAR:
            return f"+7916{int(self._clients * self._chance.random() ** 2):07}"
        self._number += 1
        return f"+7926{self._number:07}"

    def _again(self, rows: Rows, at: int, caller: str, line: int, what: str) -> None:
        if what == "in":
            self._inbound(rows, at, caller, line)
            return
        person, talked = f"p{self._chance.randrange(PEOPLE)}", self._chance.random() < 0.7
        answered = at + 12 * MICRO if talked else None
        ended = at + (12 + self._seconds(90)) * MICRO if talked else at + 30 * MICRO
        values: dict[str, object] = {"line": caller, "caller": person, "direction": "out", "answered_at": answered}
        outcome = {"answered_by": person} if talked else {"lost_reason": "no_answer"}
        call = self._call(rows, at, ended, values | outcome)
        if answered is not None:
            rows.call_talk.append((call, 0, person, answered, ended))

    def _inbound(self, rows: Rows, at: int, caller: str | None, line: int) -> None:
        chance, number = self._chance, 0 if caller is None else int(caller[-7:])
        clock = local(at / MICRO, ZONE)
        opens, closes = (8, 20) if clock.isoweekday() < 6 else (10, 18)
        values: dict[str, object] = {
            "line": f"+7495100{line:04}",
            "caller": caller,
            "department": OFFICE[line % 3],
            "direction": "in",
            "source": SOURCES[line % len(SOURCES)],
            "client_id": None if caller is None else number,
            "responsible": f"p{number % PEOPLE}" if number % 3 else None,
            "client": f"Клиент {number}" if number % 3 else None,
            "priority": (None, "A", "B", "B", "C", "C")[number % 6],
            "segment": (None, None, "опт", "розница")[number % 4],
            "is_closed": not opens <= clock.hour < closes,
        }
        if values["is_closed"]:
            self._lost(rows, at, at + 4 * MICRO, values, "closed", None)
            return
        patience = at + self._seconds(60) * MICRO
        call, until, step = self._next_id(at), at, 0
        quick = chance.random()
        steps, legs = [], list[tuple[object, ...]]()
        answered: str | None = None
        for step, seconds in enumerate((10, 20, 15, 20), start=1):
            if step == 1 and not values["responsible"]:
                steps.append((call, len(steps), 1, "ring", "responsible", until, until, "no_responsible", None))
                continue
            target = ("responsible", "department", "head", "owner")[step - 1]
            rung = (
                [str(values["responsible"])]
                if step == 1
                else [f"p{chance.randrange(PEOPLE)}" for _ in range(3 if step == 2 else 1)]
            )
            picks = chance.random() < (0.7, 0.9, 0.7, 0.5)[step - 1]
            ends = until + (chance.randrange(2, seconds) if picks else seconds) * MICRO
            left = patience < ends and quick > 0.5
            ends = min(ends, patience) if left else ends
            who = rung[0] if picks and not left else None
            for person in dict.fromkeys(rung):
                result = "answered" if person == who else "elsewhere" if who else "cancelled" if left else "no_answer"
                pick = ends if person == who else None
                legs.append(
                    (call, len(legs), person, f"PJSIP/{person}", step, until, until + MICRO // 5, pick, ends, result)
                )
            action = "add" if step > 2 else "ring"
            passed = '[["p1","busy"]]' if chance.random() < 0.1 else None
            steps.append((call, len(steps), step, action, target, until, ends, None, passed))
            until, answered = ends, who
            if who or left:
                break
        rows.call_steps += steps
        rows.call_legs += legs
        if answered is None:
            reason = "abandoned" if until >= patience and quick > 0.5 else "no_answer"
            self._lost(rows, at, until, values, reason, step if reason == "abandoned" else None, call)
            return
        ended = until + self._seconds(120) * MICRO
        said = {"answered_at": until, "answered_by": answered, "answered_step": step}
        self._call(rows, at, ended, values | said, call)
        if chance.random() < 0.05:
            middle, other = (until + ended) // 2, f"p{chance.randrange(PEOPLE)}"
            rows.call_talk += [(call, 0, answered, until, middle), (call, 1, other, middle, ended)]
        else:
            rows.call_talk.append((call, 0, answered, until, ended))

    def _lost(
        self, rows: Rows, at: int, ended: int, values: dict[str, object], reason: str, step: int | None, call: str = ""
    ) -> None:
        self._call(rows, at, ended, values | {"lost_reason": reason, "lost_step": step}, call)
        caller = values["caller"]
        if isinstance(caller, str):
            line, kind = int(str(values["line"])[-4:]), self._chance.random()
            if kind < 0.8:
                again = ended + self._seconds(3600) * MICRO
                what = (again, caller, line, "in" if kind < 0.35 else "out")
                if date_at(again / MICRO, ZONE) == date_at(at / MICRO, ZONE):
                    self._again(rows, *what)
                else:
                    self._later.append(what)

    def _seconds(self, average: int) -> int:
        return 1 + int(self._chance.expovariate(1 / average))

    def _next_id(self, at: int) -> str:
        self._number += 1
        return f"{at // 1000:012x}-7000-8000-{self._number:016x}"

    def _call(self, rows: Rows, at: int, ended: int, values: dict[str, object], call: str = "") -> str:
        made = call or self._next_id(at)
        known: dict[str, object] = {
            "id": made,
            "caller_raw": str(values["caller"] or "anonymous"),
            "arrived_at": at,
            "ended_at": ended,
            "outcome": "answered" if values.get("answered_at") else "lost",
            "scheme_revision": 1,
            "routed_by": "router",
            "recovered": False,
            "asterisk_id": f"{at // MICRO}.{self._number}",
            "is_closed": False,
            "app": "callrouter",
        } | values
        rows.calls.append(tuple(known.get(name) for name in COLUMNS["calls"]))
        return made
