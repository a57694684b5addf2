"""The part of the scheme document that says who gets the nightly export, and when."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from callrouter.routing import times
from callrouter.routing.document import Part, whole, written

MAIL = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*"
HOOK = r"https://[^\s/?#@\\]+(?:[/?][^\s#\\]*)?|http://(?:127\.0\.0\.1|localhost|\[::1\])(?::[0-9]{1,5})?(?:[/?][^\s#\\]*)?"
DIRECTORY = r"/[^\u0000-\u001f]*"
_LONGEST_MAIL = 254
_LONGEST = 2000
_KINDS = {"mail": MAIL, "hook": HOOK, "dir": DIRECTORY}
_SAID = {
    "mail": 'a mail address is written "mail:anna@example.org"',
    "hook": 'a web hook is written "hook:https://example.org/path"; without TLS only on this host',
    "dir": 'a directory is written from the root: "dir:/var/lib/callrouter/exports"',
}


def _mail(text: str) -> str:
    if len(text) <= _LONGEST_MAIL and re.fullmatch(MAIL, text):
        return text
    raise PydanticCustomError("mail", 'a mail address is written "anna@example.org"')


def _receiver(text: str) -> str:
    kind, colon, address = text.partition(":")
    if not colon or kind not in _KINDS:
        return text  # somebody's key, or a word for several; who that is only the scheme knows
    longest = _LONGEST_MAIL if kind == "mail" else _LONGEST
    if len(address) <= longest and re.fullmatch(_KINDS[kind], address):
        return text
    raise PydanticCustomError("receiver", _SAID[kind])


Mail = Annotated[
    str, AfterValidator(_mail), Field(json_schema_extra={"pattern": whole(MAIL), "maxLength": _LONGEST_MAIL})
]
_Time = Annotated[str, *written(times.TIME, 'a time of the day is written "07:00"')]
_Receiver = Annotated[str, AfterValidator(_receiver), Field(json_schema_extra={"maxLength": _LONGEST})]


class ReportPart(Part):
    """The nightly export: made and sent by itself."""

    at: _Time = Field("07:00", description="When the export of the day before is made, by the scheme's clock.")
    to: list[_Receiver] = Field(
        default=[],
        max_length=100,
        description="owner, heads, managers, keys of people, mail:ADDRESS, hook:URL, dir:PATH; []: nobody.",
    )
    language: Literal["ru", "en"] | None = Field(None, description="Default: the company's.")
    formats: list[Literal["html", "text", "xlsx", "csv", "json"]] = Field(
        default=["html", "text", "xlsx", "csv"],
        min_length=1,
        description="The files; html and text are also the body of a mail.",
    )
    goal: float = Field(0.05, gt=0, le=1, allow_inf_nan=False, description="The Lost Call Rate to stay under.")
    mask: bool = Field(default=False, description="true: phone numbers without their middle.")
