"""The document's text as TOML has it; what cannot be read is a fault with its line."""

from __future__ import annotations

import re
import tomllib
from typing import Any

from callrouter.routing.faults import Fault

LARGEST = 1_000_000
"""Bytes of a document."""


def table(document: bytes, faults: list[Fault]) -> dict[str, Any] | None:
    """Return the document's table, or None after adding the fault that keeps it from being read."""
    if len(document) > LARGEST:
        faults.append(Fault("line 1", f"a document has at most {LARGEST} bytes, this one has {len(document)}"))
        return None
    try:
        text = document.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = document.count(b"\n", 0, error.start) + 1
        faults.append(Fault(f"line {line}", "is not UTF-8: save the file as UTF-8"))
        return None
    try:
        return tomllib.loads(text)
    except RecursionError:
        faults.append(Fault("line 1", "is nested too deeply"))
    except ValueError as error:
        faults.append(_syntax(str(error), text))
    return None


def _syntax(said: str, text: str) -> Fault:
    found = re.fullmatch(r"(.*) \(at (?:line (\d+), column (\d+)|end of document)\)", said, re.DOTALL)
    if found is None:
        return Fault("line 1", f"is not TOML: {said}")
    if found[2] is None:
        return Fault(f"line {text.count(chr(10)) + 1}", f"{found[1]} (at the end of the document)")
    line, column = int(found[2]), int(found[3])
    foreign = not text.split("\n")[line - 1][column - 1 : column].isascii()
    quotes = "; a name with other than Latin letters stands in quotes" if foreign else ""
    return Fault(f"line {line}", f"{found[1]} (column {column}){quotes}")
