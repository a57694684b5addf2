"""What is known of a business date at its end: all that its export is made of, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Protocol, TypeAlias

from callrouter.ledger.callback import HoursOf
from callrouter.ledger.period import Period, midnight
from callrouter.store.queries import Recorded

DAYS = 30
"""Days the plots look back, the date among them."""
GOAL = 0.05
"""The Lost Call Rate to stay under, unless the scheme says otherwise."""
RED = 0.25
"""From here on it is no longer a matter of a bad day."""
Parts: TypeAlias = Mapping[str, Sequence[Sequence[Any]]]


class Calls(Protocol):
    """The ended calls of the date, oldest first: as objects, and as they are kept, for there are many."""

    def __len__(self) -> int:
        """Return how many there are."""

    def __iter__(self) -> Iterator[Recorded]:
        """Return them as objects."""

    def reached(self, words: Collection[str]) -> Iterator[Recorded]:
        """Return those of which a step's target holds one of these words."""

    @property
    def names(self) -> Sequence[str]:
        """Return the names of a call's own values."""

    @property
    def own(self) -> Sequence[Sequence[Any]]:
        """Return each call's own values in this order, its id first; instants are whole microseconds."""

    @property
    def talk(self) -> Parts:
        """Return by call's id each stretch of talk: its person, beginning and end."""

    @property
    def steps(self) -> Parts:
        """Return by call's id each step: its fields."""

    @property
    def legs(self) -> Parts:
        """Return by call's id each leg: its fields."""


class Difference(Protocol):
    """What Asterisk's records and the ledger do not agree on, as the audit of the records finds it."""

    @property
    def asterisk_id(self) -> str:
        """Return the channel's id."""

    @property
    def call(self) -> str | None:
        """Return the call's id, None without a row."""

    @property
    def what(self) -> str:
        """Return no_row, several_rows, no_record, outcome, answered_at or ended_at."""

    @property
    def asterisk(self) -> str | float | None:
        """Return what the records say."""

    @property
    def ledger(self) -> str | float | None:
        """Return what the row says."""


class Failed(Protocol):
    """A message of a former export or notice that was given up, as the outbox keeps it."""

    @property
    def to(self) -> str:
        """Return the receiver: `mail:ADDRESS`, `hook:URL` or `dir:PATH`."""

    @property
    def subject(self) -> str:
        """Return what it was about."""

    @property
    def failed_at(self) -> float:
        """Return when it was given up."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the scheme."""

    key: str
    name: str
    opens: frozenset[int]
    """The hours of the date's clock (0 to 23) in which it is open at some time."""


@dataclass(frozen=True, slots=True)
class Department:
    """A department of the scheme."""

    key: str
    name: str
    members: tuple[str, ...] = ()
    head: str | None = None


@dataclass(frozen=True, slots=True)
class Waiting:
    """A lost client as he stood on the list at the end of the date."""

    number: str
    name: str | None
    priority: str | None
    line: str
    department: str | None
    whose: str | None
    """Who has to see to him."""
    lost: int
    since: float
    seconds: float
    """For how long he has waited while his line was open."""
    attempts: int
    taken_by: str | None = None
    snoozed_until: float | None = None
    dropped_by: str | None = None
    """Who lost him in a transfer."""


@dataclass(frozen=True, slots=True)
class Company:
    """What the scheme of that date says."""

    people: Mapping[str, str]
    """Names by key."""
    departments: Mapping[str, str]
    lines: tuple[Line, ...]
    line_of: Callable[[str], str | None]
    """The key of the line that a dialled number belongs to."""
    hours: HoursOf
    staff: tuple[Department, ...] = ()
    owner: str | None = None
    goal: float = GOAL
    """The Lost Call Rate to stay under."""


@dataclass(frozen=True, slots=True)
class Count:
    """Inbound calls, and how many of these were lost."""

    calls: int = 0
    lost: int = 0

    @property
    def lcr(self) -> float | None:
        """Return the Lost Call Rate, None without calls."""
        return self.lost / self.calls if self.calls else None


ByDate: TypeAlias = Mapping[date, Count]


@dataclass(frozen=True, slots=True)
class Heard:
    """When calls came and went, on the date and the week before."""

    dates: Mapping[int, frozenset[date]]
    """On which of these dates, by the hour of the clock: calls in, out and between us."""
    last: Mapping[str, float]
    """When the last call came to a number that was dialled."""


@dataclass(frozen=True, slots=True, repr=False)
class Night:
    """Everything that is known of a date at its end.

    Without `repr`: `asyncio.run` makes that of what it returns (up to Python 3.12 `signal.getsignal`, which it asks for
    its own handler, spells that out in an error that nobody sees), and here it would be as long as all calls.
    """

    date: date
    period: Period
    calls: Calls
    """The ended calls to us that arrived on the date."""
    figures: Mapping[str, Any]
    """The ledger's figures of the date, as they are printed, by what was known at its end."""
    heard: Heard
    days: ByDate
    """Of the last `DAYS` days, oldest first, those without calls among them."""
    hours: Mapping[tuple[int, int], Count]
    """By weekday (Monday is 1) and hour of the clock, of these days: those with calls, in order."""
    company: Company
    live: int = 0
    """Calls that arrived on the date and have no outcome yet."""
    records: int = 0
    """Calls to a line that Asterisk recorded on the date."""
    differences: tuple[Difference, ...] = ()
    waiting: tuple[Waiting, ...] = ()
    """Who was on the list of lost clients at the end of the date, in the order in which they are called back."""
    failed: tuple[Failed, ...] = ()
    """What was given up on the date, whatever has become of it since."""


def plotted(of: date, timezone: str) -> Period:
    """Return the last `DAYS` days up to the end of the date."""
    first, after = of - timedelta(days=DAYS - 1), of + timedelta(days=1)
    return Period(midnight(first, timezone), midnight(after, timezone), timezone)
