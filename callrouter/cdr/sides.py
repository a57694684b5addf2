"""Which channels are outside, and which are the company's own: as the scheme says, or as the rows themselves tell."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from callrouter.cdr.pbx import PbxRow, endpoint, is_local

if TYPE_CHECKING:
    from collections.abc import Iterable

_TRUNK = re.compile(
    r"(?:from[-_])?(?:trunk|pstn|did|outside|external|provider|incoming|inbound)\b.*|ext-did.*", re.IGNORECASE
)
"""Contexts into which calls from outside come, as people and FreePBX call them."""
_INSIDE = re.compile(r"[A-Za-z0-9]+/[0-9]{2,6}")
"""A phone that is called after its internal number."""
_LONG = re.compile(r"\+?[0-9]{7,15}")
SEVERAL = 2
"""Numbers by which one that calls is a trunk: a phone has one."""


def is_long(number: str) -> bool:
    """Return whether it is a number outside, as far as its length tells."""
    return _LONG.fullmatch(number) is not None


@dataclass(slots=True)
class Seen:
    """What the rows tell of each endpoint that called."""

    callers: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    """The long numbers it called with, no more than `SEVERAL`."""
    contexts: Counter[tuple[str, str]] = field(default_factory=Counter)
    """How many rows of an endpoint were in a context."""
    called: set[str] = field(default_factory=set)
    """Those that called a DID."""

    def see(self, row: PbxRow) -> None:
        """Take note of a row."""
        if is_local(row.channel):
            return
        who = endpoint(row.channel)
        self.contexts[who, row.context] += 1
        if row.did and (not row.linked or row.linked == row.unique):
            self.called.add(who)
        if is_long(row.src) and len(self.callers[who]) < SEVERAL:
            self.callers[who].add(row.src)


class Sides:
    """Who is outside."""

    def __init__(self, seen: Seen, trunks: Iterable[str] = (), phones: Iterable[str] = ()) -> None:
        """Decide by what was seen, by the trunks that were named (endpoints or contexts), by the scheme's phones."""
        named, own = set(trunks), set(phones)
        self.outside: dict[str, int] = {}
        """Endpoints outside, and how many rows are of their channels."""
        counts: Counter[str] = Counter()
        contexts: defaultdict[str, set[str]] = defaultdict(set)
        for (who, context), rows in seen.contexts.items():
            counts[who] += rows
            contexts[who].add(context)
        for who, rows in counts.most_common():
            known = {who, who.partition("/")[2], *contexts[who]}
            is_outside = bool(named & known) if named else who not in own and _is_trunk(who, contexts[who], seen)
            if is_outside:
                self.outside[who] = rows
        self.inside = tuple(who for who, _ in counts.most_common() if who not in self.outside)
        self._ours = {context for who in self.inside for context in contexts[who]}

    def is_outside(self, channel: str) -> bool:
        """Return whether the channel leads outside."""
        return endpoint(channel) in self.outside

    def is_entrance(self, context: str) -> bool:
        """Return whether calls from outside alone come into this context: there, what is dialled is a line."""
        return context not in self._ours


def _is_trunk(who: str, contexts: set[str], seen: Seen) -> bool:
    if _INSIDE.fullmatch(who):
        return False
    is_called = who in seen.called or any(_TRUNK.fullmatch(context) for context in contexts)
    return is_called or len(seen.callers[who]) >= SEVERAL
