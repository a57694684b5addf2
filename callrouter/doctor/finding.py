"""What the doctor says: one line for each thing he looks at, and what to do about each fault he can find."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

State = Literal["ok", "warn", "fail", "unknown"]
"""`warn`: calls go through, and something is lost; `unknown`: it cannot be seen from here."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One line: what was looked at, how it is, what was seen, what to do."""

    check: str
    state: State
    seen: str
    mend: str = ""


@dataclass(frozen=True, slots=True)
class Fault:
    """What may be found, how bad it is, and what to do; the mend may hold names in braces."""

    state: State
    mend: str


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that is looked at; its name may hold names in braces, as `line {line}`.

    `about`: what has to be so, for the reader of docs/doctor.md. `faults`: by a word of the check's own.
    """

    name: str
    about: str
    faults: Mapping[str, Fault]

    def ok(self, seen: str, **names: object) -> Finding:
        """Return that it is as it has to be."""
        return Finding(self.name.format_map(names), "ok", seen)

    def fault(self, which: str, seen: str, **names: object) -> Finding:
        """Return one of its faults."""
        fault = self.faults[which]
        return Finding(self.name.format_map(names), fault.state, seen, fault.mend.format_map(names))


def warn(mend: str) -> Fault:
    """Return a fault with which calls go through."""
    return Fault("warn", mend)


def fail(mend: str) -> Fault:
    """Return a fault that keeps calls, or what is known of them, from where they belong."""
    return Fault("fail", mend)


def unknown(mend: str) -> Fault:
    """Return that it cannot be seen from here."""
    return Fault("unknown", mend)
