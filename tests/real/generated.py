"""A company that nobody thought of: drawn by dice, written as a scheme document."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from random import Random

from tests.lab import Desk

FIRST = ("Анна", "Борис", "Ёлкин-Ёж", "John", "María", "O'Neil", "Ли", "Ольга", "Żaneta", "Иван", "Ян", "Qi")
LAST = ("Петрова", "de la Cruz", "Щёкин", "Иванов", "Smith", "Ó Briain", "Å", "Цой", 'ООО "Рога"', "Фёдорова")
KEYS = ("anna", "Борис", "vera_2", "g.leb", "i-ra", "x", "Ёж", "owner1", "head", "department", "p1", "Щ")


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with a desk of his own."""

    key: str
    name: str
    desk: str


@dataclass(frozen=True, slots=True)
class Step:
    """One rung; `seconds` None: the last one, without an end of its own."""

    action: str
    target: str
    seconds: float | None


@dataclass(frozen=True, slots=True)
class Department:
    """Members and a head, by key."""

    key: str
    name: str
    members: tuple[str, ...]
    head: str | None


@dataclass(frozen=True, slots=True)
class Line:
    """A number of the company."""

    number: str
    department: str
    ladder: tuple[Step, ...]


@dataclass(slots=True)
class Firm:
    """A whole company."""

    people: dict[str, Person] = field(default_factory=dict)
    departments: dict[str, Department] = field(default_factory=dict)
    lines: list[Line] = field(default_factory=list)
    owner: str | None = None
    ring_at_most: float = 60.0
    claim_after: float = 10.0
    unregistered: set[str] = field(default_factory=set)

    def hire(self, key: str, name: str) -> Person:
        """Give somebody the next desk."""
        person = self.people[key] = Person(key, name, str(1001 + 7 * len(self.people)))
        return person

    @property
    def desks(self) -> list[str | Desk]:
        """The phones of the PBX that the company needs."""
        return [Desk(one.desk, devices=int(one.key not in self.unregistered)) for one in self.people.values()]

    def document(self) -> str:
        """The scheme document."""
        owner = f"owner = {_text(self.owner)}" if self.owner else ""
        company = f"[company]\n{owner}\nring_at_most = {self.ring_at_most}\nclaim_after = {self.claim_after}"
        people = [
            f'{_text(one.key)} = {{name = {_text(one.name)}, phones = ["PJSIP/{one.desk}"]}}'
            for one in self.people.values()
        ]
        ladders = [f"l{index} = [{', '.join(map(_step, line.ladder))}]" for index, line in enumerate(self.lines)]
        lines = [
            f'{_text(line.number)} = {{department = {_text(line.department)}, ladder = "l{index}"}}'
            for index, line in enumerate(self.lines)
        ]
        return "\n".join(
            [
                'version = 1\ntimezone = "Asia/Kolkata"\ncountry = "RU"', company, "[people]", *people,
                "[departments]", *map(_department, self.departments.values()),
                "[ladders]", *ladders, "[lines]", *lines, "",
            ]
        )  # fmt: skip


def draw(dice: Random, *, unit: float = 0.4, departments: int = 4) -> Firm:
    """Draw a company: every department has two lines, ladders are of one to eight steps of up to three units."""
    firm = Firm(ring_at_most=round(unit * dice.choice((6, 8, 10)), 1), claim_after=dice.choice((0.0, 0.2, 60.0)))
    for number in range(departments):
        members = tuple(_hire(firm, dice).key for _ in range(dice.randint(1, 4)))
        head = _hire(firm, dice).key if dice.random() < 0.8 else None
        if head is None and dice.random() < 0.3:
            head = members[0]
        key = f"{dice.choice(('sales', 'отдел', 'd.'))}{number}"
        firm.departments[key] = Department(key, f"Отдел № {number}", members, head)
    firm.owner = _hire(firm, dice).key if dice.random() < 0.8 else None
    for department in firm.departments.values():
        for _ in range(2):
            dialled = f"+7495{dice.randrange(10**7):07}"
            firm.lines.append(Line(dialled, department.key, _ladder(dice, unit, department)))
    firm.unregistered = {key for key in firm.people if dice.random() < 0.1}
    return firm


def _hire(firm: Firm, dice: Random) -> Person:
    key = dice.choice(KEYS)
    while key in firm.people:
        key += dice.choice("абвxyz789")
    return firm.hire(key, f"{dice.choice(FIRST)} {dice.choice(LAST)}")


def _ladder(dice: Random, unit: float, department: Department) -> tuple[Step, ...]:
    length = dice.randint(1, 8)
    persons = [f"person:{key}" for key in department.members]
    targets = ["responsible", "department", "head", "owner", dice.choice(persons)]
    steps = [
        Step(dice.choice(("ring", "ring", "add")), dice.choice(targets), round(unit * dice.randint(1, 3), 1))
        for _ in range(length)
    ]
    if dice.random() < 0.5:
        steps[-1] = Step(steps[-1].action, steps[-1].target, None)
    return tuple(steps)


def _text(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)


def _step(step: Step) -> str:
    seconds = "" if step.seconds is None else f", seconds = {step.seconds}"
    return f"{{{step.action} = {_text(step.target)}{seconds}}}"


def _department(department: Department) -> str:
    head = f", head = {_text(department.head)}" if department.head else ""
    members = ", ".join(map(_text, department.members))
    return f"{_text(department.key)} = {{name = {_text(department.name)}, members = [{members}]{head}}}"
