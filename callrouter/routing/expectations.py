"""What a company expects of its scheme: calls, and what has to happen to each, kept beside the document."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from pydantic import Field

from callrouter.core.story import plain
from callrouter.core.words import LostReason, PersonId
from callrouter.routing import numbers
from callrouter.routing.caller import Caller, Client, Talked
from callrouter.routing.document import Part, read_part
from callrouter.routing.faults import Fault, WrongScheme, closest, place, quoted
from callrouter.routing.forecast import Assumed, answer
from callrouter.routing.lines import find_line
from callrouter.routing.toml import table

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from callrouter.routing.forecast import Answer
    from callrouter.routing.values import Scheme

FILE = "scheme.tests.toml"
_TESTS = "tests"


class ClientPart(Part):
    """What is known of the caller, as a client table or a CRM would know it."""

    name: str | None = None
    responsible: str | None = None
    priority: str | None = None
    segment: str | None = None
    stage: str | None = None
    attributes: dict[str, str] = Field(default_factory=dict)


class ExpectPart(Part):
    """What has to happen; what is left out may be anything."""

    rings: list[list[str]] | None = None
    closed: bool | None = None
    ladder: str | None = None
    rule: str | None = None
    lost: str | None = None


class CallPart(Part):
    """A call, and what has to happen to it."""

    name: str
    line: str
    caller: str = Field("", alias="from")
    at: str
    client: ClientPart | None = None
    last: str | None = None
    assume: dict[str, str] = Field(default_factory=dict)
    expect: ExpectPart


@dataclass(frozen=True, slots=True)
class Expectation:
    """One test: where it stands in its file, and what it says."""

    number: int
    part: CallPart

    @property
    def name(self) -> str:
        """Return what it is called."""
        return self.part.name


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a test: nothing `wrong`, it holds."""

    name: str
    wrong: tuple[str, ...]
    answer: Answer | None
    """What would happen; None: the test names a line that is not there."""


def read(document: bytes, file: str) -> tuple[Expectation, ...]:
    """Read a file of tests; raise `WrongScheme` with every fault it has."""
    faults: list[Fault] = []
    content = table(document, faults) or {}
    strangers = (key for key in content if key != _TESTS)
    faults.extend(Fault(place(key), "there is no such key", closest(key, [_TESTS])) for key in strangers)
    listed = content.get(_TESTS, [])
    if not isinstance(listed, list):
        faults.append(Fault(_TESTS, "must be written [[tests]], once for each"))
        listed = []
    parts = [(number, read_part(CallPart, value, (_TESTS, number), faults)) for number, value in enumerate(listed)]
    found = tuple(Expectation(number, part) for number, part in parts if part is not None)
    faults.extend(fault for one in found for fault in _faults(one))
    if faults:
        raise WrongScheme(file, tuple(faults))
    return found


def _faults(one: Expectation) -> Iterator[Fault]:
    at, part = (_TESTS, one.number), one.part
    try:
        datetime.fromisoformat(part.at)
    except ValueError:
        yield Fault(place(*at, "at"), 'must be a time, such as "2026-11-20 18:55"')
    words = [str(word) for word in Assumed]
    for person, word in part.assume.items():
        if word not in words:
            yield Fault(place(*at, "assume", person), f"must be one of {', '.join(words)}", closest(word, words))
    reasons = [str(reason) for reason in LostReason]
    if part.expect.lost is not None and part.expect.lost not in reasons:
        said = f"must be one of {', '.join(reasons)}"
        yield Fault(place(*at, "expect", "lost"), said, closest(part.expect.lost, reasons))


def check(scheme: Scheme, expectations: Iterable[Expectation]) -> Iterator[Verdict]:
    """Yield what becomes of each test."""
    for one in expectations:
        unknown = [*_unknown(scheme, one.part)]
        line = find_line(scheme, one.part.line)
        if unknown or line is None:
            no_line = () if line else (f"no line is called {quoted(one.part.line)}",)
            yield Verdict(one.name, (*no_line, *unknown), None)
            continue
        assumed = {PersonId(person): Assumed(word) for person, word in one.part.assume.items()}
        found = answer(scheme, line, _caller(scheme, one.part), _at(scheme, one.part), assumed)
        yield Verdict(one.name, tuple(_wrong(one.part.expect, found)), found)


def _unknown(scheme: Scheme, part: CallPart) -> Iterator[str]:
    """A name that the scheme does not have is a mistake of the test's, not a person who does not ring."""
    rings = [person for together in part.expect.rings or () for person in together]
    named = dict.fromkeys([*part.assume, *rings, *([] if part.last is None else [part.last])])
    for person in named:
        if person not in scheme.people:
            yield f"no person is called {quoted(person)}{_hint(person, scheme.people)}"
    ladder = part.expect.ladder
    if ladder is not None and ladder not in scheme.ladders:
        yield f"no ladder is called {quoted(ladder)}{_hint(ladder, scheme.ladders)}"


def _hint(word: str, known: Iterable[str]) -> str:
    meant = closest(word, known)
    return "" if meant is None else f" (did you mean {quoted(meant)}?)"


def _at(scheme: Scheme, part: CallPart) -> float:
    at = datetime.fromisoformat(part.at)
    return (at if at.tzinfo else at.replace(tzinfo=ZoneInfo(scheme.timezone))).timestamp()


def _caller(scheme: Scheme, part: CallPart) -> Caller:
    said = part.client
    client = (
        None
        if said is None
        else Client(
            name=said.name,
            responsible=None if said.responsible is None else PersonId(said.responsible),
            priority=said.priority,
            segment=said.segment,
            stage=said.stage,
            attributes=tuple(said.attributes.items()),
        )
    )
    last = () if part.last is None else (Talked(PersonId(part.last), _at(scheme, part)),)
    return Caller(numbers.read(part.caller, scheme.country), client, last)


def _wrong(expected: ExpectPart, found: Answer) -> Iterator[str]:
    """Yield what is otherwise, each in a sentence."""
    arrived = found.arrived
    if expected.closed is not None and expected.closed != arrived.is_closed:
        yield f"the line is {'closed' if arrived.is_closed else 'open'}"
    if expected.ladder is not None and expected.ladder != arrived.ladder_name:
        yield f"the ladder is {_named(arrived.ladder_name)}, not {quoted(expected.ladder)}"
    if expected.rule is not None and expected.rule != arrived.rule:
        yield f"the rule is {_named(arrived.rule)}, not {quoted(expected.rule)}"
    if expected.lost is not None and expected.lost != found.forecast.lost:
        lost = "goes on elsewhere" if found.forecast.lost is None else f"is lost as {plain(found.forecast.lost)}"
        yield f"the call {lost}, not as {plain(LostReason(expected.lost))}"
    if expected.rings is not None:
        rings = [sorted(rung.person for rung in stage.rings) for stage in found.forecast.steps if stage.rings]
        if rings != [sorted(together) for together in expected.rings]:
            yield f"rings {_then(rings)}, not {_then(expected.rings)}"


def _named(word: str | None) -> str:
    return "none" if word is None else quoted(word)


def _then(rings: Iterable[Iterable[str]]) -> str:
    return ", then ".join(" + ".join(together) or "nobody" for together in rings) or "nobody"
