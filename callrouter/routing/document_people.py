"""The parts of the scheme document that say who there is, and when: calendars, company, people, departments, duty."""

from __future__ import annotations

from typing import Annotated, Literal, get_args

from pydantic import Discriminator, Field, Tag

from callrouter.routing import times
from callrouter.routing.document import Extension, Moment, Name, Part, Phone, Span, timed, whole, written
from callrouter.routing.document_report import Mail

_Hours = Annotated[str, *timed(times.hours, times.HOURS)]
_Day = Annotated[str, *timed(times.otherwise, times.OTHERWISE)]
_Date = Annotated[str, *timed(times.day, times.DATE)]
_Pattern = Annotated[
    str, *written(r"[1-9][0-9]?/[1-9][0-9]?", 'a shift is written "2/2": so many days on, so many off')
]
_Notice = Literal["lost", "waiting", "answered", "undistributed"]
_WrapUp = Annotated[float, Field(ge=0, le=3600, allow_inf_nan=False)]


class CalendarPart(Part):
    """When something is open."""

    hours: list[_Hours] = Field(
        min_length=1, max_length=50, description='"Mon-Fri 09:00-13:00, 14:00-18:00"; over midnight: "Fri 22:00-02:00".'
    )
    holidays: str | None = Field(
        None,
        json_schema_extra={"pattern": whole("none|[A-Z]{2}(-[A-Z0-9]{1,3})?")},
        description='Whose holidays close it: RU, DE-BY; default: the scheme\'s country; "none": it knows none.',
    )
    short_before_holidays: int = Field(
        0, ge=0, le=720, description="Minutes by which the day before a holiday ends earlier."
    )
    timezone: str | None = Field(None, description="Default: the scheme's.")
    days: dict[_Date, _Day] = Field(
        default={}, description='Days that are otherwise: "2026-12-31" = "09:00-15:00" or "closed".'
    )


class CompanyPart(Part):
    """What holds for every call."""

    owner: str | None = Field(None, description="The person whom the step `owner` rings.")
    ring_at_most: float = Field(
        60,
        gt=0,
        le=3600,
        allow_inf_nan=False,
        description="Seconds after arrival at which a last step without seconds ends.",
    )
    claim_after: float = Field(
        10.0, ge=0, le=3600, allow_inf_nan=False, description="Seconds of talk that make a new client one's own."
    )
    wrap_up: _WrapUp = Field(0.0, description="Seconds after a conversation in which a person is busy still.")
    language: Literal["ru", "en"] = Field("ru", description="Of the prompt on a phone with `confirm`.")
    not_people: list[Name] = Field(
        default=[], max_length=100, description="Responsibles whom the CRM names and who are nobody."
    )
    custom_states: bool = Field(
        default=False, description="Do not disturb and forwarding as FreePBX keeps them: Custom:DND101."
    )


Days = Annotated[int, Field(ge=1, le=36_500)]


class RetentionPart(Part):
    """For how many days what is kept; what is left out of it has its default."""

    calls: Days | None = Field(
        None, description="After a number's last call, its number and names; the calls stay. Left out: for ever."
    )
    journal: Days = Field(90, description="After a call's end, its trace.")
    records: Days = Field(90, description="Asterisk's own records, once they are in the ledger.")
    exports: Days = Field(400, description="The files of the nightly exports; their digests stay.")
    notices: Days = Field(90, description="Notices and messages, once they are settled.")


class NoticesPart(Part):
    """What people are told of by itself, at the `mail` of each."""

    head_after: float = Field(
        20,
        gt=0,
        le=10_080,
        allow_inf_nan=False,
        description="Minutes of the line's working time after which the head hears of a lost client not called back.",
    )
    kinds: list[_Notice] = Field(default=[*get_args(_Notice)], description="Those that go out; []: none.")


class PhonePart(Part):
    """A phone with something to be said of it."""

    phone: Phone
    confirm: bool = Field(default=False, description='Only "1" accepts a call: for mobiles, whose voicemail answers.')


class ShiftPart(Part):
    """So many days on, so many off."""

    pattern: _Pattern = Field(description="2/2, 5/2: days on / days off.")
    since: _Date = Field(description="A first day on.")
    hours: Span = Field(description="09:00-21:00; over midnight: 20:00-08:00.")
    timezone: str | None = Field(None, description="Default: the scheme's.")


class AbsencePart(Part):
    """From when to when somebody is away."""

    since: Moment = Field(alias="from", description="2026-12-01, or 2026-12-01 14:00.")
    until: Moment = Field(alias="to", description="A date is included; a moment is not.")
    reason: Name | None = None
    deputy: str | None = Field(None, description="Who gets the calls of his clients; default: his `deputy`.")


def _kind(value: object) -> str:
    return "|table" if isinstance(value, dict | PhonePart) else "|text"


_AnyPhone = Annotated[Annotated[Phone, Tag("|text")] | Annotated[PhonePart, Tag("|table")], Discriminator(_kind)]


class PersonPart(Part):
    """Somebody of the company."""

    name: Name = Field(description="What the phones of the others and the reports show.")
    phones: list[_AnyPhone] = Field(min_length=1, max_length=10, description="All of them ring, every contact of each.")
    claims: bool | None = Field(
        None, description="true: gets a new client by talking to him, though not a member; false: a member does not."
    )
    hours: str | None = Field(None, description="The calendar outside which he is not rung.")
    shift: ShiftPart | None = None
    wrap_up: _WrapUp | None = Field(None, description="Default: the company's.")
    absences: list[AbsencePart] = Field(default=[], max_length=50)
    deputy: str | None = Field(None, description="Who gets the calls of his clients in an absence that names nobody.")
    reports_to: str | None = Field(None, description="His superior, for the step `higher`.")
    numbers: list[str] = Field(default=[], max_length=10, description="His own numbers: calls from them are internal.")
    extension: Extension | None = Field(None, description="His internal number.")
    mail: Mail | None = Field(None, description="His address: notices and his figures go there.")


class DepartmentPart(Part):
    """Those who ring together, and their head."""

    name: Name | None = Field(None, description="What reports show; default: the key.")
    members: list[str] = Field(min_length=1, description="Keys of people; the strongest first.")
    head: str | None = Field(None, description="The person whom the step `head` rings.")
    hours: str | None = Field(None, description="The calendar of its lines that have none of their own.")
    extension: Extension | None = Field(None, description="The internal number at which a colleague transfers to it.")


class SegmentPart(Part):
    """The specialists of a segment of clients."""

    members: list[str] = Field(default=[], description="Keys of people, whom the step `segment` rings.")


class DutyPart(Part):
    """Who is on duty from a moment until another."""

    since: Moment = Field(alias="from", description="2026-12-05, or 2026-12-05 18:00.")
    until: Moment = Field(alias="to", description="A date is included; a moment is not.")
    people: list[str] = Field(min_length=1, max_length=50)
    department: str | None = Field(None, description="Default: for all.")
