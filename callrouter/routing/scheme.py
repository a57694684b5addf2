"""The scheme: people, departments, ladders and lines, as one revision of the document says."""

from __future__ import annotations

from callrouter.routing.faults import Fault, WrongScheme
from callrouter.routing.reading import read
from callrouter.routing.toml import table
from callrouter.routing.values import DEFAULT_LINE, Company, Department, Line, Scheme, SchemePerson, SchemeStep

__all__ = [
    "DEFAULT_LINE",
    "Company",
    "Department",
    "Fault",
    "Line",
    "Scheme",
    "SchemePerson",
    "SchemeStep",
    "WrongScheme",
    "parse",
]


def parse(document: bytes, file: str = "scheme.toml") -> Scheme:
    """Read a document; raise `WrongScheme` with every fault it has. `file` is only named in the faults."""
    faults: list[Fault] = []
    content = table(document, faults)
    scheme = None if content is None else read(content, faults)
    if scheme is None or faults:
        raise WrongScheme(file, tuple(faults))
    return scheme
