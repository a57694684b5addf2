"""The shipped JSON schema, beside what the program itself accepts."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]  # it ships no types

import callrouter.routing
from callrouter.routing.document_schema import json_schema
from callrouter.routing.scheme import parse
from tests.routing import test_reading as full
from tests.routing.documents import documents, toml
from tests.routing.test_scheme import CASES, EXAMPLE, HOSTILE, changed

SHIPPED = Path(callrouter.routing.__file__).with_name("scheme.schema.json")
VALIDATOR = Draft202012Validator(json.loads(SHIPPED.read_text("utf-8")))
ONLY_THE_PROGRAM_KNOWS = (
    "already",
    "listed twice",
    "same line",
    "no time zone is called",
    "no person is called",
    "no department is called",
    "no ladder is called",
    "company.owner: must be a string",
    "there is no company.owner",
    "only the last step",
    "is missing: the ladder",
    "no country has the code",
    "a line is a valid phone number",
    "is no valid telephone number",
    "numbers are written",
    "no calendar is called",
    "no segment is called",
    "no line is called",
    "no line has the source",
    "no country or part of one",
    "is a person",
    "is blocked",
    "is the name of a rule before",
    "is the ladder that has run out",
    "a date is written",
    "is not later than from",
    "hours do not end when they begin",
    "stand in their order",
    "overlaps",
    "nobody is above all of them",
    "stand in for each other",
    '(did you mean "segment"?)',
    'meant for the step "last"',
    'needs "at_once"',
    "it lists none",
    "kind of receiver",
    "has no mail",
    "a web hook is written",
    "a directory is written",
    'written "mail:',
)
"""What relates parts of the document to each other, or needs a list of the world's names."""


def accepted(document: dict[str, Any]) -> bool:
    """Return whether the shipped schema takes the document."""
    return bool(VALIDATOR.is_valid(document))


def test_the_shipped_schema_is_the_one_of_this_program() -> None:
    """The file is what `json_schema` returns: whoever changes the document writes it anew."""
    again = "SHIPPED.write_text(json_schema(), 'utf-8')"
    assert SHIPPED.read_text("utf-8") == json_schema(), f"in this test's module: {again}"


def test_the_shipped_schema_is_a_json_schema() -> None:
    """An editor can load it."""
    Draft202012Validator.check_schema(VALIDATOR.schema)


def test_the_schema_takes_the_documents_that_the_program_takes() -> None:
    """The example and a document with every key are accepted by both."""
    for text in (
        EXAMPLE.read_text("utf-8"),
        full.TEXT,
        changed(
            ("[people]", '[people]\n"анна.b-c" = {name = "N", phones = ["PJSIP/1", "Local/1@a/n"], claims = true}')
        ),
        changed(('owner = "irina"', 'owner = "irina"\nring_at_most = 90\nclaim_after = 0')),
        changed(('"owner"}', '"person:anna", seconds = 0.5, if_busy = "wait"}')),
        changed(('ladder = "default"', 'prompt = "sound:ru/bye"')),
        changed(("[lines]", '[lines]\ndefault = {department = "sales"}\n101 = {department = "sales"}')),
    ):
        parse(text.encode())
        assert accepted(tomllib.loads(text)), text


@settings(max_examples=50, deadline=None)
@given(documents())
def test_the_schema_takes_every_valid_document(document: dict[str, Any]) -> None:
    """Whatever is drawn and is right is right for an editor, too."""
    found = next(VALIDATOR.iter_errors(tomllib.loads(toml(document))), None)
    assert found is None, found.message


def refusable(case: tuple[str, str, str]) -> bool:
    """Return whether a schema can know that this is a fault."""
    fault = case[2]
    return not fault.startswith("line ") and not any(said in fault for said in ONLY_THE_PROGRAM_KNOWS)


@pytest.mark.parametrize(("old", "new", "fault"), [case for case in CASES if refusable(case)])
def test_the_schema_refuses_what_the_program_refuses(old: str, new: str, fault: str) -> None:
    """Wrong keys, types, ranges and characters are marked by an editor before the program sees them."""
    document = tomllib.loads(changed((old, new.replace("⏎", "\n"))))
    beyond_a_schema = any(
        isinstance(step.get("seconds"), float) and step["seconds"] != step["seconds"]
        for step in document.get("ladders", {}).get("default", [])
    )
    assert accepted(document) is beyond_a_schema, fault


@pytest.mark.parametrize(("old", "new", "fault"), [case for case in full.CASES if refusable(case)])
def test_the_schema_refuses_what_the_program_refuses_of_every_key(old: str, new: str, fault: str) -> None:
    """So it is with the document that has everything in it."""
    assert not accepted(tomllib.loads(full.changed(old, new))), fault


@pytest.mark.parametrize("phone", HOSTILE)
def test_the_schema_refuses_hostile_phones(phone: str) -> None:
    """What has a meaning in a dial string is refused by the schema as well."""
    document = tomllib.loads(EXAMPLE.read_text("utf-8"))
    document["people"]["anna"]["phones"] = [phone]
    assert not accepted(document)
