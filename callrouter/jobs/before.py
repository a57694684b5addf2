"""The ledger's rows of calls that a PBX's own CDR tells of: the truth before callrouter routes anything. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from callrouter.core.outcome import CallRow, LegRow, TalkRow
from callrouter.core.words import CallId, LostReason, PersonId
from callrouter.routing.availability import is_line_open
from callrouter.routing.caller import direction
from callrouter.routing.lines import find_line
from callrouter.routing.numbers import Number, read

if TYPE_CHECKING:
    from callrouter.cdr.calls import PbxCall, Rung
    from callrouter.routing.values import Line, Scheme

APP = "pbx"
"""Who routed these calls."""
UNKNOWN = "unknown"
"""The line of a call of which the CDR does not tell the number that was called."""


@dataclass(frozen=True, slots=True)
class Company:
    """What is known of the company: its scheme (None: it has none yet), and where its numbers are from."""

    scheme: Scheme | None
    country: str
    has_legs: bool = True
    """Whether rows have the phones that were tried: no figure rests on them, and they are a third of a call."""

    def row(self, call: PbxCall) -> CallRow:
        """Return the call as the ledger has it. Which step, how long a phone really rang: a CDR does not say."""
        caller, called = _number(call.caller, self.country), _number(call.called, self.country)
        line = self._line(call)
        is_closed = line is not None and self.scheme is not None and not self._is_open(line, call)
        own = call.phone if call.direction == "out" else ""
        talk = tuple(TalkRow(self._person(own or one.phone), one.since, one.until) for one in call.spoken)
        return CallRow(
            id=CallId(call.id),
            line=line.key if line is not None else called.known or call.called or UNKNOWN,
            department=None if line is None else line.department,
            caller=caller.known,
            caller_raw=caller.raw,
            client_id=None,
            client=None,
            responsible=None,
            priority=None,
            segment=None,
            direction=self._direction(call, caller),
            arrived_at=call.started_at,
            answered_at=call.answered_at,
            ended_at=call.ended_at,
            outcome="lost" if call.lost else "answered",
            lost_reason=LostReason.CLOSED if call.lost and is_closed and not call.rung else call.lost,
            lost_step=None,
            answered_by=talk[0].person if talk else None,
            answered_step=None,
            scheme_revision=None,
            asterisk_id=call.id,
            talk=talk,
            steps=(),
            legs=tuple(self._leg(one) for one in call.rung) if self.has_legs else (),
            routed_by=APP,
            is_closed=is_closed,
            source=None if line is None else line.source,
        )

    def _line(self, call: PbxCall) -> Line | None:
        if self.scheme is None or call.direction != "in" or not call.called:
            return None
        return find_line(self.scheme, call.called)

    def _is_open(self, line: Line, call: PbxCall) -> bool:
        assert self.scheme is not None
        return is_line_open(self.scheme, line, call.started_at)

    def _direction(self, call: PbxCall, caller: Number) -> str:
        """Return the direction; the scheme knows who is blocked, no client, or a colleague with his own number."""
        return call.direction if self.scheme is None or call.direction != "in" else direction(self.scheme, caller)

    def _person(self, phone: str) -> PersonId | None:
        """Return whose phone it is; the phone itself stands for somebody whom no scheme names."""
        known = None if self.scheme is None else self.scheme.phones.get(phone)
        return known or PersonId(phone) if phone else None

    def _leg(self, one: Rung) -> LegRow:
        return LegRow(self._person(one.phone), one.phone, 0, one.since, None, None, one.until, one.result)


@lru_cache(maxsize=4_096)
def _number(raw: str, country: str) -> Number:
    return read(raw, country)
