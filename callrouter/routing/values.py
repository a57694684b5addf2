"""The values of a scheme: frozen, and naming only what exists."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import TYPE_CHECKING

from callrouter.core.words import Instant, PersonId

if TYPE_CHECKING:
    from collections.abc import Mapping

    from callrouter.core.words import Action, IfBusy

DEFAULT_LINE = "default"
"""The key of the line that serves the numbers that are not listed."""


class Order(StrEnum):
    """In which order a department's people are rung."""

    ALL = "all"
    """Together."""
    LISTED = "listed"
    """As the document lists them: the strongest first."""
    LONGEST_IDLE = "longest_idle"
    """Whose last conversation ended the longest time ago."""
    ROUND_ROBIN = "round_robin"
    """After whom the call before began with."""
    FEWEST_CALLS = "fewest_calls"
    """Who has talked on the fewest calls today."""


@dataclass(frozen=True, slots=True)
class Span:
    """Minutes after local midnight, half-open; `end` over 1440 reaches into the next day."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Calendar:
    """When somebody or something is open."""

    key: str
    timezone: str
    week: tuple[tuple[Span, ...], ...]
    """Monday first, seven days; a span belongs to the day on which it begins."""
    holidays: str | None = None
    """Whose holidays close it (ISO 3166, `DE-BY` with a subdivision); None: it knows none."""
    short_by: int = 0
    """Minutes by which the day before a holiday ends earlier."""
    days: tuple[tuple[date, tuple[Span, ...]], ...] = ()
    """Days that are otherwise, whatever week and holidays say; no span: closed."""

    def __hash__(self) -> int:
        """Return what tells most calendars apart: they are looked up for each call."""
        return hash((self.key, self.timezone))


@dataclass(frozen=True, slots=True)
class Shift:
    """So many days on, so many off, again and again."""

    on: int
    off: int
    since: date
    """The first day on; the days before it are counted backwards."""
    span: Span
    timezone: str

    def __hash__(self) -> int:
        """Return what tells most shifts apart: they are looked up for each call, as calendars are."""
        return hash((self.since, self.timezone))


@dataclass(frozen=True, slots=True)
class Absence:
    """Somebody is away from an instant until another, and who gets the calls of his clients."""

    since: Instant
    until: Instant
    reason: str = ""
    deputy: PersonId | None = None


@dataclass(frozen=True, slots=True)
class Duty:
    """Who is on duty from an instant until another: for a department, or for all (None)."""

    since: Instant
    until: Instant
    people: tuple[PersonId, ...]
    department: str | None = None


@dataclass(frozen=True, slots=True)
class Company:
    """What holds for every call."""

    owner: PersonId | None = None
    ring_at_most: float = 60.0
    """Seconds after arrival at which a last step without seconds ends."""
    claim_after: float = 10.0
    """Seconds of talk from which a claimant gets a client without a responsible."""
    wrap_up: float = 0.0
    """Seconds after a conversation in which somebody is busy still, unless his own entry says otherwise."""
    language: str = "ru"
    """In which the prompts that a colleague outside hears are: ru or en."""
    not_people: tuple[str, ...] = ()
    """Responsibles whom the CRM names and who are nobody, such as its lead exchange."""
    custom_states: bool = False
    """Do not disturb and forwarding as FreePBX keeps them: `Custom:DND101`, `Custom:CF101`."""


@dataclass(frozen=True, slots=True)
class Retention:
    """For how many days what is kept."""

    calls: int | None = None
    """After a number's last call: its number and names; the calls stay. None: for ever."""
    journal: int = 90
    """After a call's end: its trace."""
    records: int = 90
    """Asterisk's own, once they are in the ledger."""
    exports: int = 400
    """The files of the nightly exports."""
    notices: int = 90
    """Notices and messages, once they are settled."""


class Notice(StrEnum):
    """What people are told of by itself."""

    LOST = "lost"
    """A client was lost: his responsible is told."""
    WAITING = "waiting"
    """Nobody has called a lost client back for a while: the head is told."""
    ANSWERED = "answered"
    """Somebody else answered a client: his responsible is told."""
    UNDISTRIBUTED = "undistributed"
    """Somebody who gets no clients answered one who is nobody's: the head is told."""


@dataclass(frozen=True, slots=True)
class Notices:
    """Which notices go out, and when the head hears of a client whom nobody calls back."""

    head_after: float = 20.0
    """Minutes of his line's working time."""
    kinds: tuple[Notice, ...] = tuple(Notice)


@dataclass(frozen=True, slots=True)
class Report:
    """The nightly export: when it is made, and who gets it."""

    at: str = "07:00"
    """The time of the day, by the scheme's clock."""
    to: tuple[str, ...] = ()
    """`owner`, `heads`, `managers`, keys of people, `mail:ADDRESS`, `hook:URL`, `dir:PATH`; none: it is not made."""
    language: str = "ru"
    formats: tuple[str, ...] = ("html", "text", "xlsx", "csv")
    goal: float = 0.05
    """The Lost Call Rate to stay under, a share."""
    mask: bool = False
    """Phone numbers stand in it without their middle."""


@dataclass(frozen=True, slots=True)
class SchemePerson:
    """Somebody of the company."""

    id: PersonId
    name: str
    phones: tuple[str, ...]
    claims: bool | None = None
    """Whether he gets a new client by talking to him; None: as a member of the line's department."""
    confirm: tuple[str, ...] = ()
    """Those of his phones on which only "1" accepts a call."""
    hours: str | None = None
    """The calendar outside which he is not rung."""
    shift: Shift | None = None
    wrap_up: float | None = None
    """Seconds; None: as the company has it."""
    absences: tuple[Absence, ...] = ()
    deputy: PersonId | None = None
    """Who gets the calls of his clients in an absence that names nobody."""
    reports_to: PersonId | None = None
    numbers: tuple[str, ...] = ()
    """His own numbers outside (E.164): a call from one is a colleague's, not a client's."""
    extension: str | None = None
    """His internal number."""
    mail: str | None = None
    """His address: notices and his figures go there."""


@dataclass(frozen=True, slots=True)
class Department:
    """Those who ring together, in the document's order, and their head."""

    id: str
    name: str
    members: tuple[PersonId, ...]
    head: PersonId | None = None
    hours: str | None = None
    """The calendar of its lines that have none of their own."""
    extension: str | None = None
    """The internal number at which a colleague transfers a caller to it."""


@dataclass(frozen=True, slots=True)
class Condition:
    """For whom a rule or a step is meant: every key that is not empty has to hold, one of its words each."""

    priority: tuple[str, ...] = ()
    """A, B, C, X; "none": he has no priority."""
    segment: tuple[str, ...] = ()
    stage: tuple[str, ...] = ()
    line: tuple[str, ...] = ()
    """Keys of lines."""
    department: tuple[str, ...] = ()
    source: tuple[str, ...] = ()
    attributes: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """Free attributes of the client: region, trade, …"""
    known: bool | None = None
    """Whether he has a client card."""
    has_responsible: bool | None = None
    open: bool | None = None
    """Whether the line is open when the call arrives."""
    checks: tuple[tuple[str, tuple[str | bool, ...]], ...] = field(init=False, compare=False, repr=False)
    """The keys that are not empty, each with what it may be: a hundred rules are looked at for each call."""

    def __post_init__(self) -> None:
        """Leave out what is empty."""
        words = {name: getattr(self, name) for name in ("segment", "priority", "stage", "line", "department", "source")}
        flags = {"known": self.known, "responsible": self.has_responsible, "open": self.open}
        said = {name: (flag,) for name, flag in flags.items() if flag is not None} | words | dict(self.attributes)
        object.__setattr__(self, "checks", tuple((name, may) for name, may in said.items() if may))


ALWAYS = Condition()


@dataclass(frozen=True, slots=True)
class SchemeStep:
    """One rung as written, before it is known whom it means for a call."""

    action: Action
    target: str
    """responsible, last, department, on_duty, segment, head, higher, owner, `department:KEY` or `person:KEY`; several,
    with a comma and a space between them: the first of them who is there."""
    seconds: float | None
    """None, last step only: until `ring_at_most`."""
    if_busy: IfBusy
    order: Order = Order.ALL
    each: float | None = None
    """Seconds after which the next in order are rung instead; None: not before these are gone."""
    at_once: int | None = None
    """How many people ring together; None: all."""
    days: int = 30
    """For `last`: how many days back."""
    when: Condition = ALWAYS
    announce: str | None = None
    """What the caller hears when the step begins."""
    announce_away: str | None = None
    """What he hears when it is skipped because its people are away …"""
    announce_busy: str | None = None
    """… or because they are busy."""

    @property
    def targets(self) -> tuple[str, ...]:
        """Return the words of `target`, in order."""
        return tuple(self.target.split(", "))


@dataclass(frozen=True, slots=True)
class Rule:
    """Callers whom another ladder serves than their line's, or who are refused; the first that holds is taken."""

    key: str
    when: Condition
    ladder: str | None = None
    """None: the call is refused."""


@dataclass(frozen=True, slots=True)
class AtEnd:
    """What happens when a ladder has run out, before the line's prompt; at most one of these."""

    again: bool = False
    """Everybody of the ladder who is not away rings once more, all together."""
    seconds: float = 20.0
    """How long they ring."""
    ladder: str | None = None
    """This ladder goes on."""
    context: str | None = None
    """The dialplan goes on there: `context,extension,priority`."""


@dataclass(frozen=True, slots=True)
class Closed:
    """What a closed line does: its ladder, else nobody is rung; its prompt, else the caller is let go."""

    ladder: str | None = None
    prompt: str | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """A number of the company."""

    key: str
    """As the document writes it; for a number that is not listed, or listed by a pattern: as it was dialled."""
    e164: str | None
    name: str
    department: str | None
    ladder: str
    prompt: str | None = None
    source: str | None = None
    """Where its callers have the number from."""
    numbers: tuple[str, ...] = ()
    """Further numbers of it: E.164, with X for any digit at their end."""
    person: PersonId | None = None
    """Whose direct line it is: he rings first."""
    person_seconds: float = 10.0
    hours: str | None = None
    """Its calendar; None: its department's, else it is always open."""
    closed: Closed = Closed()
    at_end: AtEnd = AtEnd()
    music: str | None = None
    """The music class that the caller hears instead of ringing."""
    fallback: str | None = None
    """Where its calls go on while the router is away, `context,extension,priority`; None: the ladder in native Dial."""
    listed_as: str | None = None
    """The document's key, where `key` is the number that was dialled."""


@dataclass(frozen=True, slots=True)
class Prefix:
    """What the beginning of a caller's number says of him; the client table knows better."""

    prefix: str
    """E.164, its beginning."""
    segment: str | None = None
    attributes: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Scheme:
    """The whole routing document. What it names exists: every reference was checked when it was read."""

    timezone: str
    country: str
    company: Company
    people: Mapping[PersonId, SchemePerson]
    departments: Mapping[str, Department]
    ladders: Mapping[str, tuple[SchemeStep, ...]]
    lines: Mapping[str, Line]
    """By key, `default` among them."""
    spelled: Mapping[str, Line]
    """The listed lines (not `default`) by every key and every E.164 form."""
    calendars: Mapping[str, Calendar] = field(default_factory=dict)
    segments: Mapping[str, tuple[PersonId, ...]] = field(default_factory=dict)
    """The specialists of each segment."""
    rules: tuple[Rule, ...] = ()
    duties: tuple[Duty, ...] = ()
    prefixes: tuple[Prefix, ...] = ()
    blocked: frozenset[str] = frozenset()
    """Numbers (E.164) whose calls are refused."""
    not_clients: Mapping[str, str] = field(default_factory=dict)
    """Numbers (E.164) of those who are no clients, and what they are: a supplier, a job seeker."""
    notices: Notices = Notices()
    retention: Retention = Retention()
    report: Report = Report()
    phones: Mapping[str, PersonId] = field(init=False, compare=False, repr=False)
    """Whose phone each one is."""
    own_numbers: Mapping[str, PersonId] = field(init=False, compare=False, repr=False)
    """Whose number (E.164) outside each one is."""
    department_of: Mapping[PersonId, Department] = field(init=False, compare=False, repr=False)
    """The first department that has somebody as a member."""
    extensions: Mapping[str, str] = field(init=False, compare=False, repr=False)
    """Which department has an internal number."""
    tracked: Mapping[str, Line] = field(init=False, compare=False, repr=False)
    """The lines by their further numbers."""
    duties_of: Mapping[PersonId, tuple[Duty, ...]] = field(init=False, compare=False, repr=False)
    """Everybody's entries of the duty table."""
    claimants: Mapping[str | None, tuple[PersonId, ...]] = field(init=False, compare=False, repr=False)
    """Who gets a new client by talking to him, by the line's department."""

    def __post_init__(self) -> None:
        """Lay out what every call is looked up in."""
        people, departments = self.people.values(), self.departments.values()
        laid: dict[str, object] = {
            "phones": {phone: one.id for one in people for phone in one.phones},
            "own_numbers": {number: one.id for one in people for number in one.numbers},
            "department_of": {member: one for one in reversed(tuple(departments)) for member in one.members},
            "extensions": {one.extension: one.id for one in departments if one.extension is not None},
            "tracked": {number: line for line in self.lines.values() for number in line.numbers},
            "claimants": {None: self._claimants(())} | {one.id: self._claimants(one.members) for one in departments},
        }
        named = {person for duty in self.duties for person in duty.people}
        laid["duties_of"] = {one: tuple(duty for duty in self.duties if one in duty.people) for one in named}
        for name, found in laid.items():
            object.__setattr__(self, name, found)

    def _claimants(self, members: tuple[PersonId, ...]) -> tuple[PersonId, ...]:
        known = dict.fromkeys([*members, *self.people])
        said = {one: self.people[one].claims for one in known if one in self.people}
        return tuple(one for one, claims in said.items() if claims or (claims is None and one in members))
