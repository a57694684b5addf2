"""Records of the journal as JSON and back: an event and its commands, each tagged with its class's name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import orjson
from cattrs.preconf.orjson import OrjsonConverter, make_converter
from cattrs.strategies import configure_tagged_union

from callrouter.core.commands import Command
from callrouter.core.events import Event, Presence
from callrouter.core.words import CallId

TAG = "is"
_COMMANDS = frozenset(kind.__name__ for kind in Command.__args__)


@dataclass(frozen=True, slots=True)
class Record:
    """One event of a call, and what was to be done about it."""

    call_id: CallId
    event: Event
    commands: tuple[Command, ...]


class TornRecordError(ValueError):
    """A line that is no record: cut off by a killed process, or from a version that we do not understand."""


def encode(call_id: CallId, event: Event, commands: tuple[Command, ...]) -> bytes:
    """Return the record as one line of JSON, with its line feed."""
    document = _CONVERTER.unstructure(Record(call_id, event, commands))
    try:
        return orjson.dumps(document, option=orjson.OPT_APPEND_NEWLINE)
    except TypeError:  # half a surrogate pair: hostile input that JSON cannot hold
        return orjson.dumps(_printable(document), option=orjson.OPT_APPEND_NEWLINE)


def decode(line: bytes | str) -> Record:
    """Return the record; fields that its version did not have take their defaults, commands that we do not know go."""
    try:
        told = orjson.loads(line)
        known = [command for command in told["commands"] if command[TAG] in _COMMANDS]
        return _CONVERTER.structure(told | {"commands": known}, Record)
    except Exception as error:  # cattrs raises groups of many kinds; all mean the same
        raise TornRecordError(f"not a record: {line[:60]!r}") from error


def _printable(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {_printable(key): _printable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_printable(item) for item in value]
    return value


def _converter() -> OrjsonConverter:
    converter = make_converter()
    for union in (Presence, Event, Command):  # what is inside comes first: hooks are made from what is known
        configure_tagged_union(union, converter, tag_name=TAG)
    return converter


_CONVERTER = _converter()
