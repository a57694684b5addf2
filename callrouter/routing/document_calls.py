"""The parts of the scheme document that say what happens to a call: rules, steps, lines, and what a number says."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import ConfigDict, Discriminator, Field, Tag, model_validator
from pydantic_core import PydanticCustomError

from callrouter.routing import patterns
from callrouter.routing.document import Name, Part, Prompt, Seconds, Words, one_or_many, whole, written

WORDS = ("responsible", "last", "department", "on_duty", "segment", "head", "higher", "owner")
TARGET = rf"{'|'.join(WORDS)}|(department|person):.+"
MOST_STEPS = 20
_Target = Annotated[str, Field(json_schema_extra={"pattern": whole(TARGET)})]
_Priority = Literal["A", "B", "C", "X", "none"]
_Music = Annotated[str, *written(r"[A-Za-z0-9_-]{1,80}", "a music class has 1 to 80 ASCII letters, digits, _ and -")]
_Context = Annotated[
    str,
    *written(
        r"[A-Za-z0-9_-]{1,79},[A-Za-z0-9_+*#-]{1,79},[1-9][0-9]{0,3}",
        'a place in the dialplan is written "context,extension,1"',
    ),
]
_Prefix = Annotated[
    str, *written(r"\+[1-9][0-9]{0,13}", 'a prefix begins with + and the country\'s code, such as "+7495"')
]
_AnyKey = Annotated[str, Field(json_schema_extra={"pattern": "^.+$"})]
_Targets = Annotated[
    Annotated[_Target, Tag("|one")] | Annotated[list[_Target], Field(min_length=1, max_length=10), Tag("|many")],
    Discriminator(one_or_many),
]
_Priorities = Annotated[
    Annotated[_Priority, Tag("|one")] | Annotated[list[_Priority], Field(min_length=1), Tag("|many")],
    Discriminator(one_or_many),
]


class ConditionPart(Part):
    """For whom a rule or a step is meant; any further key is an attribute of the client."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, Words]

    priority: _Priorities | None = Field(None, description='A, B, C, X; "none": he has none.')
    segment: Words | None = None
    stage: Words | None = None
    line: Words | None = Field(None, description="Keys of lines.")
    department: Words | None = None
    source: Words | None = Field(None, description="Sources of lines.")
    known: bool | None = Field(None, description="Whether the caller has a client card.")
    responsible: bool | None = Field(None, description="Whether he has a responsible.")
    open: bool | None = Field(None, description="Whether the line is open when the call arrives.")


class StepPart(Part):
    """One rung: exactly one of ring and add."""

    model_config = ConfigDict(json_schema_extra={"oneOf": [{"required": ["ring"]}, {"required": ["add"]}]})

    ring: _Targets | None = Field(
        None,
        description=f"{', '.join(WORDS)}, department:KEY or person:KEY; of several the first who is there; "
        "who else rings stops.",
    )
    add: _Targets | None = Field(None, description="The same words; who rings goes on ringing.")

    seconds: Seconds | None = Field(None, description="Only the last step may leave it out: until ring_at_most.")
    if_busy: Literal["wait", "skip"] | None = Field(
        None, description="Nobody is free, somebody is busy; default: wait for a department, skip for one person."
    )
    order: Literal["all", "listed", "longest_idle", "round_robin", "fewest_calls"] = Field(
        "all", description="In which order people ring; all: together."
    )
    each: Seconds | None = Field(
        None, description="Seconds after which the next in order ring; default: when these are gone."
    )
    at_once: int | None = Field(
        None, ge=1, le=50, description="How many people ring together; default: all, or 1 with an order."
    )
    days: int | None = Field(None, ge=1, le=366, description="For `last`: how many days back; default 30.")
    when: ConditionPart | None = Field(None, description="For whom the step is meant.")
    announce: Prompt | None = Field(None, description="What the caller hears when the step begins.")
    announce_away: Prompt | None = Field(None, description="What he hears when it is skipped: all are away …")
    announce_busy: Prompt | None = Field(None, description="… or busy.")

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.ring is None) == (self.add is None):
            raise PydanticCustomError("step", 'a step has either "ring" or "add"')
        return self


class RulePart(Part):
    """Callers whom another ladder serves than their line's, or who are refused."""

    model_config = ConfigDict(json_schema_extra={"oneOf": [{"required": ["ladder"]}, {"required": ["refuse"]}]})

    name: Name
    when: ConditionPart | None = Field(None, description="Default: it holds for every call.")
    ladder: str | None = None
    refuse: bool = Field(default=False, json_schema_extra={"const": True})

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.ladder is None) != self.refuse:
            raise PydanticCustomError("rule", 'a rule has either "ladder" or "refuse = true"')
        return self


class ClosedPart(Part):
    """What a closed line does."""

    ladder: str | None = Field(None, description="Default: nobody is rung.")
    prompt: Prompt | None = Field(None, description="What the caller hears then.")


class AtEndPart(Part):
    """What happens when the ladder has run out, before the prompt."""

    model_config = ConfigDict(
        json_schema_extra={
            "oneOf": [{"required": [key]} for key in ("again", "ladder", "context")],
            "dependentRequired": {"seconds": ["again"]},
        }
    )

    again: bool = Field(
        default=False, json_schema_extra={"const": True}, description="Everybody who is not away rings once more."
    )
    seconds: Seconds | None = Field(None, description="How long they ring; default 20.")
    ladder: str | None = Field(None, description="This ladder goes on.")
    context: _Context | None = Field(None, description="The dialplan goes on there.")

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        if [self.again, self.ladder is not None, self.context is not None].count(True) != 1:
            raise PydanticCustomError("at_end", 'it is one of "again = true", "ladder" and "context"')
        if self.seconds is not None and not self.again:
            raise PydanticCustomError("at_end", '"seconds" are those of "again = true"')
        return self


class LinePart(Part):
    """A number of the company, and what happens to its calls."""

    model_config = ConfigDict(json_schema_extra={"dependentRequired": {"person_seconds": ["person"]}})

    name: Name | None = Field(None, description="What reports show; default: the key.")
    department: str | None = Field(None, description="Whom the steps `department` and `head` mean.")
    ladder: str = Field("default", description="The ladder that runs.")
    prompt: Prompt | None = Field(None, description="What a caller hears when the ladder has run out.")
    source: Name | None = Field(None, description="Where its callers have the number from.")
    numbers: list[Annotated[str, Field(json_schema_extra={"pattern": whole(patterns.WRITTEN)})]] = Field(
        default=[], max_length=1000, description='Further numbers: "+7495123XXXX", "+74951234500..+74951234599".'
    )
    person: str | None = Field(None, description="Whose direct line it is: he rings first.")
    person_seconds: Seconds | None = Field(None, description="How long; default 10.")
    hours: str | None = Field(None, description="Its calendar; default: its department's, else it is always open.")
    closed: ClosedPart | None = Field(None, description="What happens outside these hours.")
    at_end: AtEndPart | None = Field(None, description="What happens when the ladder has run out.")
    music: _Music | None = Field(None, description="The music class heard instead of ringing.")
    fallback: _Context | None = Field(
        None, description="Where its calls go on while the router is away; default: the ladder in native Dial."
    )

    @model_validator(mode="after")
    def _seconds_of_somebody(self) -> Self:
        if self.person_seconds is not None and self.person is None:
            raise PydanticCustomError("line", '"person_seconds" are those of "person"')
        return self


class PrefixPart(Part):
    """What the beginning of a caller's number says of him; any further key is an attribute."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, Name]

    prefix: _Prefix
    segment: str | None = None


class NumbersPart(Part):
    """Numbers that are no clients'."""

    blocked: list[str] = Field(default=[], description="Whose calls are refused.")
    not_client: dict[_AnyKey, Name] = Field(default={}, description="What they are: a supplier, a job seeker.")
