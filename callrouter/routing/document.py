"""How a part of the scheme document is read: what a single value may be, and what is said of one that may not.

Each part is read by itself, so that one fault does not hide the others. What relates the parts to each other
(does that person exist?) is checked in `reading`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Any, TypeVar, get_args

from pydantic import AfterValidator, BaseModel, ConfigDict, Discriminator, Field, Tag, ValidationError
from pydantic_core import PydanticCustomError

from callrouter.routing import times
from callrouter.routing.faults import Fault, closest, place

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

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
EXTENSION = r"[0-9]{2,6}"
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


def written(pattern: str, said: str) -> tuple[AfterValidator, Any]:
    """Return what checks a text against a pattern, in the program and in the JSON schema."""

    def check(text: str) -> str:
        if re.fullmatch(pattern, text):
            return text
        raise PydanticCustomError("written", said)

    return AfterValidator(check), Field(json_schema_extra={"pattern": whole(pattern)})


def timed(read: Callable[[str], object], pattern: str) -> tuple[AfterValidator, Any]:
    """Return what checks a time by reading it; the text stays, for its zone is not known yet."""

    def check(text: str) -> str:
        read(text)
        return text

    return AfterValidator(check), Field(json_schema_extra={"pattern": whole(pattern)})


def one_or_many(value: Any) -> str:
    """Return as what a word or a list of words is read."""
    return "|many" if isinstance(value, list) else "|one"


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
Extension = Annotated[str, *written(EXTENSION, "an extension has two to six digits")]
Span = Annotated[str, *timed(times.span, times.SPAN)]
Moment = Annotated[str, *timed(times.moment, times.MOMENT)]
Words = Annotated[
    Annotated[str, Tag("|one")] | Annotated[list[str], Field(min_length=1, max_length=100), Tag("|many")],
    Discriminator(one_or_many),
]
"""One word or several; a tag that begins with a bar is no place of the document."""


def words(value: str | Sequence[str] | None) -> tuple[str, ...]:
    """Return one word, several or none as a tuple."""
    return () if value is None else (value,) if isinstance(value, str) else tuple(value)


class Part(BaseModel):
    """A table of the document: no key but these, and strings stay strings."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


_SAID: dict[str, str] = {
    "missing": "is missing",
    "extra_forbidden": "there is no such key",
    "string_type": "must be a string, in quotes",
    "float_type": "must be a number",
    "int_type": "must be a whole number",
    "finite_number": "must be a number",
    "bool_type": "must be true or false",
    "list_type": "must be a list, in brackets",
    "dict_type": "must be a table, in braces",
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
    where = [key for key in error["loc"] if key != "[key]" and not str(key).startswith("|")]
    if kind == "extra_forbidden":
        fields = _inner(model, where[:-1]).model_fields
        meant = closest(str(where[-1]), [field.alias or name for name, field in fields.items()])
    if kind == "literal_error":
        meant = closest(str(error["input"]), re.findall(r"'(\w+)'", context["expected"]))
        context["expected"] = context["expected"].replace("'", '"')
    message = _SAID[kind].format(**context) if kind in _SAID else error["msg"]
    return Fault(place(*at, *where), message, meant)


def _inner(model: type[Part], keys: list[int | str]) -> type[Part]:
    """Return which part stands in another one at these keys."""
    for key in keys:
        if isinstance(key, str):
            model = next(_parts(model.model_fields[key].annotation))
    return model


def _parts(annotation: Any) -> Iterator[type[Part]]:
    if isinstance(annotation, type) and issubclass(annotation, Part):
        yield annotation
    for inner in get_args(annotation):
        yield from _parts(inner)
