"""What a CRM says of a caller: checked, because it decides who is rung."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson

from callrouter.core.errors import CallrouterError
from callrouter.core.words import PersonId
from callrouter.routing.caller import Client, priority
from callrouter.routing.numbers import storable

WORDS = ("name", "responsible", "priority", "segment", "stage")
MOST_ATTRIBUTES = 50


class WrongAnswerError(CallrouterError):
    """The CRM answered something that is no client; what it was is not in the message: it is somebody's."""


def client(body: bytes) -> Client | None:
    """Return the client in an answer; None: it says that there is none."""
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise WrongAnswerError("it is not JSON") from None
    if found is None or found == {}:
        return None
    if not isinstance(found, dict):
        raise WrongAnswerError("it is no JSON object")
    name, responsible, written, segment, stage = (_word(found, key) for key in WORDS)
    if written is not None and priority(written) is None:
        raise WrongAnswerError("its priority is none of A, B, C, X, AAA, BBB, CCC")
    attributes = tuple(_attributes(found))
    if len(attributes) > MOST_ATTRIBUTES:
        raise WrongAnswerError(f"it has more than {MOST_ATTRIBUTES} attributes")
    return Client(
        name=name,
        responsible=None if responsible is None else PersonId(responsible),
        priority=None if written is None else priority(written),
        segment=segment,
        stage=stage,
        attributes=attributes,
        known_from="crm",
    )


def _word(found: dict[str, Any], key: str) -> str | None:
    said = found.get(key)
    if said is None:
        return None
    if not isinstance(said, str):
        raise WrongAnswerError(f"its {key} is no text")
    return storable(said.strip()) or None


def _attributes(found: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the other words; what has parts of its own is no attribute."""
    for key, said in found.items():
        if key in WORDS or said is None or isinstance(said, dict | list):
            continue
        text = ("yes" if said else "no") if isinstance(said, bool) else str(said)
        yield storable(key), storable(text.strip())
