"""`calls.md` as calls and figures."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from callrouter.core.outcome import CallRow, LegRow, StepRow, TalkRow
from callrouter.core.words import CallId, LostReason, PersonId, Result, Why
from callrouter.routing.calendar import Hours
from callrouter.routing.times import week
from callrouter.routing.values import Calendar

if TYPE_CHECKING:
    from collections.abc import Iterator

BERLIN = "Europe/Berlin"
OFFICE = Calendar("office", BERLIN, week(["Mon-Fri 09:00-18:00"]), holidays="DE", short_by=60)
FILE = Path(__file__).with_name("calls.md")
STEP = re.compile(r"(?P<add>\+?)(?P<target>\w+) (?P<seconds>skipped|[\d.]+)(?:: (?P<people>.*))?")
PERSON = re.compile(r"(\w+)([*!]?)(?:\((\w+)\))?")
REASONS = {"no_answer", "live", *LostReason}


@dataclass
class Ladder:
    """The ladder of one call as it climbs."""

    at: float
    steps: list[StepRow] = field(default_factory=list)
    legs: dict[PersonId, LegRow] = field(default_factory=dict)

    def climb(self, number: int, text: str) -> None:
        """Let a step begin and last as it is written."""
        found = STEP.fullmatch(text)
        assert found, text
        people = PERSON.findall(found["people"] or "")
        passed = tuple((PersonId(person), Why(why)) for person, _, why in people if why)
        skipped = found["seconds"] == "skipped"
        ends = self.at + (0.0 if skipped else float(found["seconds"]))
        why = (passed[0][1] if passed else Why.NO_RESPONSIBLE) if skipped else None
        action = "add" if found["add"] else "ring"
        self.steps.append(StepRow(number, action, found["target"], self.at, ends, why, passed))
        rung = {PersonId(person): mark for person, mark, why in people if not why}
        if action == "ring" and not skipped:
            self.stop(Result.NO_ANSWER, rung)
        for person, mark in rung.items():
            self._ring(number, person, mark, ends)
        self.at = ends

    def stop(self, result: Result, but: dict[PersonId, str]) -> None:
        """Let everybody stop who rings still, but these."""
        for person, leg in self.legs.items():
            if leg.result is None and person not in but:
                self.legs[person] = _ended(leg, self.at, result)

    def _ring(self, number: int, person: PersonId, mark: str, ends: float) -> None:
        leg = self.legs.get(person) or LegRow(person, f"PJSIP/{person}", number, self.at, self.at, None, None, None)
        meant = {"*": Result.ANSWERED, "!": Result.DECLINED, "": None}[mark]
        self.legs[person] = leg if meant is None else _ended(leg, ends, meant)


@dataclass(frozen=True)
class Line:
    """A line of the table of calls."""

    no: str
    arrives: str
    call: str
    line: str
    wait: str
    end: str
    talk: str
    ladder: str


def hours_of(row: CallRow) -> Hours | None:
    """The hours of a line."""
    return OFFICE if row.line == "site" else None


def instant(text: str) -> float:
    """The instant of a month, day and time in Berlin."""
    return datetime.fromisoformat(f"2026-{text}").replace(tzinfo=ZoneInfo(BERLIN)).timestamp()


@cache
def calls() -> tuple[CallRow, ...]:
    """All calls of the table."""
    known = {number: rest for number, *rest in cells("Clients")}
    return tuple(_call(Line(*line), known) for line in cells("Calls"))


def counted() -> dict[str, tuple[int, list[str]]]:
    """The expected figures by name: how many calls, and which."""
    return {name: (int(count), those.split()) for name, count, those in cells("Counted")}


def computed() -> dict[str, float]:
    """The expected figures that are computed from these."""
    return {name: float(Fraction(value)) for name, value, _ in cells("Computed")}


def cells(section: str) -> Iterator[tuple[str, ...]]:
    """Return the lines of a section's table."""
    text = FILE.read_text("utf-8").partition(f"\n## {section}\n")[2].partition("\n## ")[0]
    lines = [line for line in text.splitlines() if line.startswith("|")]
    for line in lines[2:]:
        yield tuple(cell.strip() for cell in line.strip("|").split("|"))


def _call(line: Line, known: dict[str, list[str]]) -> CallRow:
    kind, *outward, number = line.call.split()
    name, responsible, priority, segment = (cell or None for cell in known.get(number, [""] * 4))
    own, _, mark = line.line.partition(" ")
    start, end = instant(line.arrives), line.end.split()
    who, step = end[0], int(end[1]) if len(end) > 1 else None
    until = start + float(line.wait)
    person = None if who in REASONS else PersonId(who)
    talk = _talk(line.talk, person, until)
    ladder = _ladder(line, start, person)
    return CallRow(
        id=CallId(line.no),
        line=number if kind == "out" else own,
        department="sales" if own in {"site", "hotline"} else None,
        caller=outward[0] if outward else None if number == "-" else number,
        caller_raw=number,
        client_id=None,
        client=name,
        responsible=PersonId(responsible) if responsible else None,
        priority=priority,
        segment=segment,
        direction=kind,
        arrived_at=start,
        answered_at=until if person else None,
        ended_at=None if who == "live" else talk[-1].ended_at if talk else until,
        outcome=None if who == "live" else "answered" if person else "lost",
        lost_reason=LostReason(who) if person is None and who != "live" else None,
        lost_step=None if person else step,
        answered_by=person,
        answered_step=step if person else None,
        scheme_revision=1,
        asterisk_id=line.no,
        talk=talk,
        steps=tuple(ladder.steps),
        legs=tuple(ladder.legs.values()),
        routed_by="fallback" if mark == "fallback" else "router",
        is_closed=mark == "shut",
        source="internet" if own == "site" else None,
    )


def _talk(text: str, person: PersonId | None, at: float) -> tuple[TalkRow, ...]:
    found: list[TalkRow] = []
    for part in filter(None, text.split(", ")):
        seconds, _, who = part.partition(" ")
        since = found[-1].ended_at or at if found else at
        found.append(TalkRow(PersonId(who) if who else person, since, since + float(seconds)))
    return tuple(found)


def _ladder(line: Line, start: float, person: PersonId | None) -> Ladder:
    ladder = Ladder(start)
    for number, text in enumerate(filter(None, line.ladder.split("; ")), start=1):
        ladder.climb(number, text)
    is_left = line.end.startswith("abandoned")
    ladder.stop(Result.ELSEWHERE if person else Result.CANCELLED if is_left else Result.NO_ANSWER, {})
    return ladder


def _ended(leg: LegRow, at: float, result: Result) -> LegRow:
    answered = at if result is Result.ANSWERED else None
    return LegRow(leg.person, leg.phone, leg.step, leg.started_at, leg.ringing_at, answered, at, result)
