"""The JSON schema of the scheme document, for editors.

It is shipped as `scheme.schema.json` beside this file; a test says how to write it anew. It knows each key and each
single value; what the parts say of each other (an unknown person, two spellings of one line) only `scheme.parse` knows.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field
from pydantic.json_schema import GenerateJsonSchema

from callrouter.routing.document import LINE_KEY, Part
from callrouter.routing.document_calls import MOST_STEPS, LinePart, NumbersPart, PrefixPart, RulePart, StepPart
from callrouter.routing.document_people import (
    CalendarPart,
    CompanyPart,
    DepartmentPart,
    DutyPart,
    NoticesPart,
    PersonPart,
    RetentionPart,
    SegmentPart,
)
from callrouter.routing.document_report import ReportPart

if TYPE_CHECKING:
    from pydantic.json_schema import JsonSchemaValue
    from pydantic_core import core_schema

# `\w` means only ASCII to many readers of JSON schemas, so the ASCII signs that a key must not have are named instead.
_FIRST = r"[^\u0000-/:-@\[-^`{-\u00a9]"
_FOLLOWING = r"[^\u0000-,/:-@\[-^`{-\u00a9]"
_Key = Annotated[str, Field(pattern=f"^{_FIRST}{_FOLLOWING}{{0,39}}$")]
_LineKey = Annotated[str, Field(pattern=f"^(?:{LINE_KEY})$")]
_Steps = Annotated[list[StepPart], Field(min_length=1, max_length=MOST_STEPS)]


class Document(Part):
    """The scheme document of callrouter: who is rung, in which order, for which number of the company."""

    version: Literal[1]
    timezone: str = Field(description="A name of the tz database, such as Europe/Moscow.")
    country: str = Field(pattern="^[A-Z]{2}$", description="ISO 3166 code; meant where a number has no country code.")
    company: CompanyPart = Field(default=CompanyPart(), json_schema_extra={"default": {}})
    notices: NoticesPart = Field(default=NoticesPart(), json_schema_extra={"default": {}})
    retention: RetentionPart = Field(default=RetentionPart(), json_schema_extra={"default": {}})
    report: ReportPart = Field(default=ReportPart(), json_schema_extra={"default": {}})
    calendars: dict[_Key, CalendarPart] = Field(default={})
    people: dict[_Key, PersonPart] = Field(default={})
    departments: dict[_Key, DepartmentPart] = Field(default={})
    segments: dict[_Key, SegmentPart] = Field(default={})
    duty: list[DutyPart] = Field(default=[])
    rules: list[RulePart] = Field(default=[], description="The first that holds chooses the ladder.")
    ladders: dict[_Key, _Steps] = Field(default={})
    lines: dict[_LineKey, LinePart] = Field(
        default={}, description="By number or extension; `default` serves the numbers that are not listed."
    )
    prefixes: list[PrefixPart] = Field(default=[])
    numbers: NumbersPart = Field(default=NumbersPart(), json_schema_extra={"default": {}})


class _Plain(GenerateJsonSchema):
    """No titles that repeat the key, and no null: TOML has none."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002 -- pydantic's signature
        return False

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        found = super().default_schema(schema)
        if found.get("default", ...) is None:
            del found["default"]
        return found

    def dict_schema(self, schema: core_schema.DictSchema) -> JsonSchemaValue:
        return super().dict_schema(schema) | {"additionalProperties": False}


def json_schema() -> str:
    """Return the schema as it is shipped (JSON Schema 2020-12)."""
    body = Document.model_json_schema(schema_generator=_Plain)
    document = {"$schema": GenerateJsonSchema.schema_dialect} | body | {"title": "callrouter scheme"}
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"
