"""How long a decision takes: 500 people, 100 lines, 100 rules. `python -m bench.decision` prints microseconds."""

from __future__ import annotations

import sys
from time import thread_time_ns

from callrouter.core.words import PersonId
from callrouter.routing.caller import Caller, Client
from callrouter.routing.choose import choose
from callrouter.routing.lines import find_line
from callrouter.routing.numbers import read
from callrouter.routing.scheme import parse
from callrouter.routing.values import Scheme

PEOPLE, LINES, RULES, DEPARTMENTS = 500, 100, 100, 25
CALLS = 4_000
MONDAY = 1_795_424_400.0
"""2026-11-23 12:00 in Moscow; the calls come at every second from then on."""


def document() -> str:
    """Return a scheme of that size: office hours and shifts, absences, every fourth rule looks at attributes."""
    each = PEOPLE // DEPARTMENTS
    text = ['version = 1\ntimezone = "Europe/Moscow"\ncountry = "RU"\n[company]\nowner = "p0"']
    text.append('[calendars]\noffice = {hours = ["Mon-Fri 09:00-18:00", "Sat 10:00-14:00"], holidays = "RU"}\n[people]')
    for number in range(PEOPLE):
        there = ', shift = {pattern = "2/2", since = "2026-11-02", hours = "09:00-21:00"}' if number % 3 else ""
        hours = "" if there else ', hours = "office"'
        absent = ', absences = [{from = "2026-12-01", to = "2026-12-14", deputy = "p1"}]' if number % 5 == 0 else ""
        text.append(f'p{number} = {{name = "P {number}", phones = ["PJSIP/{1000 + number}"]{hours}{there}{absent}}}')
    text.append("[departments]")
    for number in range(DEPARTMENTS):
        members = ", ".join(f'"p{one}"' for one in range(number * each, (number + 1) * each))
        text.append(f'd{number} = {{members = [{members}], head = "p{number * each}", hours = "office"}}')
    text.append('[segments]\nkey = {members = ["p1", "p2", "p3"]}\nsmall = {members = ["p4"]}')
    text.extend(_rule(number) for number in range(RULES))
    text.append(
        '[ladders]\ndefault = [{ring = ["responsible", "last"], seconds = 10}, '
        '{ring = "department", seconds = 20, order = "longest_idle", at_once = 3}, {ring = "segment", seconds = 10}, '
        '{add = "higher", seconds = 10}, {add = "higher"}]\n[lines]'
    )
    text.extend(
        f'"+7495{1_000_000 + number}" = {{department = "d{number % DEPARTMENTS}", '
        f'numbers = ["+7499{10_000 + number}XX"]}}'
        for number in range(LINES)
    )
    return "\n".join(text) + "\n"


def _rule(number: int) -> str:
    whom = 'segment = "small", region = "Тверь"' if number % 4 == 0 else f'priority = "B", region = "R{number}"'
    return f'[[rules]]\nname = "r{number}"\nwhen = {{{whom}, open = true}}\nladder = "default"'


def calls(scheme: Scheme) -> list[tuple[str, Caller]]:
    """Return what is dialled and who calls: known clients, and strangers."""
    found = []
    for number in range(CALLS):
        dialled = f"+7495{1_000_000 + number % LINES}" if number % 2 else f"+7499{10_000 + number % LINES}42"
        person = PersonId(f"p{number % PEOPLE}")
        client = Client(number, "Ромашка", person, "A", "key", attributes=(("region", "Клин"),)) if number % 3 else None
        found.append((dialled, Caller(read(f"+7916{1_000_000 + number}", scheme.country), client)))
    return found


def main() -> None:
    """Print how long it takes to find the line, and to decide."""
    scheme = parse(document().encode())
    lines, decisions = [], []
    for second, (dialled, caller) in enumerate(calls(scheme)):
        begun = thread_time_ns()
        line = find_line(scheme, dialled)
        found = thread_time_ns()
        if line is None:
            raise LookupError(dialled)
        choose(scheme, line, caller, MONDAY + second)
        lines.append(found - begun)
        decisions.append(thread_time_ns() - found)
    sys.stdout.write(f"{PEOPLE} people, {LINES} lines, {RULES} rules, {CALLS} calls; microseconds of the processor\n")
    for name, taken in (("line", lines), ("decision", decisions)):
        taken.sort()
        p50, p99 = (taken[len(taken) * part // 100] / 1000 for part in (50, 99))
        sys.stdout.write(f"{name:10} p50 {p50:6.0f}   p99 {p99:6.0f}\n")


if __name__ == "__main__":
    main()
