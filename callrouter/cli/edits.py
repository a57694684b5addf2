"""Changes to a scheme document's text: an entry more or less, its comments and layout left alone."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, Any

import tomlkit
from tomlkit.items import AbstractTable, InlineTable

from callrouter.cli.opening import WrongInputError
from callrouter.routing.faults import closest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tomlkit import TOMLDocument

_BOM = "\ufeff"


def edited(content: bytes, change: Callable[[TOMLDocument], None]) -> bytes:
    """Return the document with this change."""
    text = content.decode()
    head, text = (_BOM, text[1:]) if text.startswith(_BOM) else ("", text)
    document = tomlkit.parse(text)
    change(document)
    made = tomlkit.dumps(document)
    if tomllib.loads(made) != document.unwrap():
        raise WrongInputError("this document's layout is beyond this short cut: edit the file and apply it")
    return (head + made).encode()


def _section(document: TOMLDocument, section: str) -> Any:
    if section not in document:
        document[section] = tomlkit.table()
    return document[section]


def _entry(document: TOMLDocument, section: str, key: str) -> Any:
    entries = document.get(section, {})
    if key not in entries:
        near = closest(key, entries)
        hint = f" (did you mean {near}?)" if near else ""
        raise WrongInputError(f"[{section}] has no {key!r}{hint}; nothing applied")
    return entries[key]


def add(document: TOMLDocument, section: str, key: str, fields: dict[str, Any]) -> None:
    """Add an entry, written as the section's others are: in braces, or as a table of its own."""
    entries = _section(document, section)
    if key in entries:
        raise WrongInputError(f"[{section}] has {key!r} already; nothing applied")
    others = [one for one in entries.values() if isinstance(one, AbstractTable)]
    in_braces = all(isinstance(one, InlineTable) for one in others)
    made: AbstractTable = tomlkit.inline_table() if in_braces else tomlkit.table()
    for name, value in fields.items():
        if value is not None:
            made[name] = value
    entries[key] = made


def add_person(document: TOMLDocument, key: str, fields: dict[str, Any], department: str | None) -> None:
    """Add somebody, as the last member of a department if one is named."""
    add(document, "people", key, fields)
    if department is not None:
        join(document, department, key)


def remove(document: TOMLDocument, section: str, key: str) -> None:
    """Remove an entry."""
    _entry(document, section, key)
    del _section(document, section)[key]


def remove_person(document: TOMLDocument, key: str) -> None:
    """Remove somebody, also as a member of departments and segments."""
    remove(document, "people", key)
    for section in ("departments", "segments"):
        for entry in document.get(section, {}).values():
            if key in entry.get("members", ()):
                entry["members"].remove(key)


def join(document: TOMLDocument, department: str, person: str) -> None:
    """Make somebody a department's last member."""
    members = _entry(document, "departments", department)["members"]
    if person in members:
        raise WrongInputError(f"{person!r} is a member of {department!r} already; nothing applied")
    members.append(person)


def leave(document: TOMLDocument, department: str, person: str) -> None:
    """Take a member out of a department."""
    members = _entry(document, "departments", department)["members"]
    if person not in members:
        raise WrongInputError(f"{person!r} is no member of {department!r}; nothing applied")
    members.remove(person)
