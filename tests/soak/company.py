"""The company of the soak: teams with lines, some of whose phones are never registered, and the people who call."""

from __future__ import annotations

from random import Random

from tests.real.generated import Department, Firm, Line, Step

TEAMS = 24
SEATS = 3
POPULATION = 1000
"""Different callers: as in life most call again."""
KNOWN = 300
"""Of them are clients of somebody's from the beginning."""
AT_MOST = 8.0
"""Seconds a caller's ladder lasts while nothing breaks."""
_ENDLESS = Step("add", "owner", None)
_LADDERS = (
    (Step("ring", "responsible", 1.0), Step("ring", "department", 2.0), Step("ring", "head", 1.0), _ENDLESS),
    (Step("ring", "responsible", 1.5), Step("add", "department", 2.0), Step("add", "head", 2.0)),
    (Step("ring", "department", 2.0), Step("ring", "head", 1.0), Step("ring", "department", 2.0)),
    (Step("ring", "head", 0.5), Step("ring", "department", 3.0)),
)


def company(dice: Random) -> Firm:
    """Return it: every team has two lines, and a ladder for each."""
    firm = Firm(ring_at_most=AT_MOST, claim_after=1.0)
    for team in range(TEAMS):
        members = tuple(firm.hire(f"p{team}_{seat}", f"Сотрудник {team}.{seat}").key for seat in range(SEATS))
        head = firm.hire(f"head{team}", f"Начальник {team}").key
        firm.departments[f"d{team}"] = Department(f"d{team}", f"Отдел {team}", members, head)
        for number in (2 * team, 2 * team + 1):
            firm.lines.append(Line(f"+7495{number:07}", f"d{team}", _LADDERS[number % len(_LADDERS)]))
        if dice.random() < 0.3:
            firm.unregistered.add(dice.choice(members))
    firm.owner = firm.hire("owner", "Владелец").key
    return firm


def numbers() -> list[str]:
    """Return the callers' numbers."""
    return [f"+7916{number:07}" for number in range(POPULATION)]


def clients(firm: Firm, dice: Random) -> str:
    """Return the table of clients."""
    sellers = [key for department in firm.departments.values() for key in department.members]
    rows = [f"{number},Клиент {number[-4:]},{dice.choice(sellers)}" for number in numbers()[:KNOWN]]
    return "\n".join(["phone,name,responsible", *rows, ""])
