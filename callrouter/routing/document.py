"""The scheme document as it is written: its keys, their types and what a single value may be.

Each part is read by itself, so that one fault does not hide the others. What relates the parts to each other
(does that person exist?) is checked in `reading`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from callrouter.routing.faults import Fault, closest, place

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

T = TypeVar("T", bound="Part")

VERSION = 1
PERSON_KEY = r"[\w][\w.-]{0,39}"
LINE_KEY = r"\+?[0-9][0-9A-Za-z_.-]{1,39}|[A-Za-z][0-9A-Za-z_.-]{1,39}"
"""One letter alone is a special extension of Asterisk (h: after a hang-up), so no line has one character only."""
PHONE = r"[A-Z][A-Za-z0-9]{1,15}/[A-Za-z0-9_.+*#-]+(@[A-Za-z0-9_.-]+)?(/[A-Za-z0-9_.+*#-]+)?"
PROMPT = (
    r"(sound|recording):[A-Za-z0-9_-]+([./+][A-Za-z0-9_-]+)*"
    r"|tone:[a-z]+|digits:[0-9*#]+|number:[0-9]{1,9}"
)
TARGET = r"responsible|department|head|owner|(department|person):.+"
MOST_STEPS = 20
_LONGEST_PHONE = 70
_LONGEST_NAME = 80
_LONGEST_PROMPT = 200


def whole(pattern: str) -> str:
    """Return the pattern as a JSON schema needs it to match a whole value, in Python as in other readers."""
    return rf"^(?:{pattern})$(?!\n)"


def _phone(text: str) -> str:
    if len(text) <= _LONGEST_PHONE and re.fullmatch(PHONE, text):
        return text
    meant = re.sub(r"^(?:[A-Za-z0-9]+/)?", lambda found: found[0].upper() or "PJSIP/", text.strip())
    hint = meant if meant != text and re.fullmatch(PHONE, meant) else None
    raise PydanticCustomError("phone", 'a phone is written TECH/resource, such as "PJSIP/101"', {"meant": hint})


def _name(text: str) -> str:
    if text.strip() == text and text.isprintable() and 0 < len(text) <= _LONGEST_NAME:
        return text
    raise PydanticCustomError("name", "a name has 1 to 80 printable characters and no space at its ends")


def _prompt(text: str) -> str:
    if len(text) <= _LONGEST_PROMPT and re.fullmatch(PROMPT, text):
        return text
    hint = f"sound:{text}" if re.fullmatch(PROMPT, f"sound:{text}") else None
    raise PydanticCustomError(
        "prompt",
        'a prompt is a media URI, such as "sound:vm-goodbye" (or recording:, tone:, digits:, number:)',
        {"meant": hint},
    )


Seconds = Annotated[float, Field(gt=0, le=600, allow_inf_nan=False)]
Name = Annotated[
    str,
    AfterValidator(_name),
    Field(json_schema_extra={"pattern": whole(r"[^\u0000-\u001f]+"), "maxLength": _LONGEST_NAME}),
]
Phone = Annotated[
    str, AfterValidator(_phone), Field(json_schema_extra={"pattern": whole(PHONE), "maxLength": _LONGEST_PHONE})
]
Prompt = Annotated[
    str, AfterValidator(_prompt), Field(json_schema_extra={"pattern": whole(PROMPT), "maxLength": _LONGEST_PROMPT})
]


class Part(BaseModel):
    """A table of the document: no key but these, and strings stay strings."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class PersonPart(Part):
    """Somebody of the company."""

    name: Name = Field(description="What the phones of the others and the reports show.")
    phones: list[Phone] = Field(min_length=1, max_length=10, description="All of them ring, every contact of each.")
    claims: bool | None = Field(
        None, description="true: gets a new client by talking to him, though not a member; false: a member does not."
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


class DepartmentPart(Part):
    """Those who ring together, and their head."""

    name: Name | None = Field(None, description="What reports show; default: the key.")
    members: list[str] = Field(min_length=1, description="Keys of people.")
    head: str | None = Field(None, description="The person whom the step `head` rings.")


class StepPart(Part):
    """One rung: exactly one of ring and add."""

    model_config = ConfigDict(json_schema_extra={"oneOf": [{"required": ["ring"]}, {"required": ["add"]}]})

    ring: str | None = Field(
        None,
        json_schema_extra={"pattern": whole(TARGET)},
        description="responsible, department, head, owner, department:KEY or person:KEY; who else rings stops.",
    )
    add: str | None = Field(
        None, json_schema_extra={"pattern": whole(TARGET)}, description="The same words; who rings goes on ringing."
    )

    seconds: Seconds | None = Field(None, description="Only the last step may leave it out: until ring_at_most.")
    if_busy: Literal["wait", "skip"] | None = Field(
        None, description="Nobody is free, somebody is busy; default: wait for a department, skip for one person."
    )

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.ring is None) == (self.add is None):
            raise PydanticCustomError("step", 'a step has either "ring" or "add"')
        return self


class LinePart(Part):
    """A number of the company, and what happens to its calls."""

    name: Name | None = Field(None, description="What reports show; default: the key.")
    department: str | None = Field(None, description="Whom the steps `department` and `head` mean.")
    ladder: str = Field("default", description="The ladder that runs.")
    prompt: Prompt | None = Field(None, description="What a caller hears when the ladder has run out.")


_SAID: dict[str, str] = {
    "missing": "is missing",
    "extra_forbidden": "there is no such key",
    "string_type": "must be a string, in quotes",
    "float_type": "must be a number",
    "finite_number": "must be a number",
    "bool_type": "must be true or false",
    "list_type": "must be a list, in brackets",
    "model_type": "must be a table, in braces",
    "too_short": "must not be empty",
    "too_long": "has more than {max_length} items",
    "greater_than": "must be over {gt:g}",
    "greater_than_equal": "must be at least {ge:g}",
    "less_than_equal": "must be at most {le:g}",
    "literal_error": "must be {expected}",
}


def read_part(model: type[T], value: Any, at: tuple[str | int, ...], faults: list[Fault]) -> T | None:
    """Return the part of the document that stands `at` this place, or None after adding its faults."""
    try:
        return model.model_validate(value)
    except ValidationError as error:
        faults.extend(_fault(model, one, at) for one in error.errors(include_url=False))
        return None


def _fault(model: type[Part], error: ErrorDetails, at: tuple[str | int, ...]) -> Fault:
    context = error.get("ctx", {})
    kind = error["type"]
    meant = context.get("meant")
    if kind == "extra_forbidden":
        meant = closest(str(error["loc"][-1]), model.model_fields)
    if kind == "literal_error":
        meant = closest(str(error["input"]), re.findall(r"'(\w+)'", context["expected"]))
        context["expected"] = context["expected"].replace("'", '"')
    message = _SAID[kind].format(**context) if kind in _SAID else error["msg"]
    return Fault(place(*at, *error["loc"]), message, meant)
