"""CSV and JSON, for machines: the calls of the date as the contract has them, and all its figures."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

import orjson

from callrouter.ledger.period import rfc3339
from callrouter.ledger.rate import defined
from callrouter.report.safe import E164, defused, masked, receiver

if TYPE_CHECKING:
    from callrouter.report.audit import Audit
    from callrouter.report.content import Content
    from callrouter.report.documents import Documents
    from callrouter.report.night import Count, Difference, Failed, Waiting

COLUMNS = (
    *("id", "line", "department", "caller", "caller_raw", "client", "responsible", "priority", "segment"),
    *("claimed_by", "direction", "arrived_at", "answered_at", "ended_at", "outcome", "lost_reason", "lost_step"),
    *("answered_by", "answered_step", "wait_seconds", "talk_seconds", "scheme_revision", "routed_by", "recovered"),
    *("asterisk_id", "recording", "definition"),
)
"""The call of the contract without its steps, legs and talk, for which a line of a spreadsheet has no place, and by
which definition it is answered or lost: a line that was copied elsewhere says it still."""
NUMBERS = frozenset({"line", "caller"})
"""Our own E.164 columns."""
OURS = frozenset(
    {
        *("arrived_at", "answered_at", "ended_at", "wait_seconds", "talk_seconds", "lost_step", "answered_step"),
        *("scheme_revision", "direction", "outcome", "lost_reason", "definition"),
    }
)
"""Instants, numbers and our own words: nothing that a spreadsheet would compute."""


class Spreadsheet:
    """CSV as a Russian Excel opens it: UTF-8 with BOM, `;` between cells, CRLF, and no cell a formula."""

    def __init__(self) -> None:
        """Begin with the names of the columns."""
        self._written = io.BytesIO()
        self._text = io.TextIOWrapper(self._written, "utf-8-sig", newline="")
        self._writer = csv.writer(self._text, delimiter=";")
        self._writer.writerow(COLUMNS)

    def add(self, some: Documents) -> None:
        """Write a line for each of these calls."""
        cells = {is_number: Cells(is_number=is_number) for is_number in (False, True)}
        columns = (
            some.columns[name] if name in OURS else map(cells[name in NUMBERS].__getitem__, some.columns[name])
            for name in COLUMNS
        )
        self._writer.writerows(zip(*columns, strict=True))

    def content(self) -> bytes:
        """Return the file."""
        self._text.flush()
        return self._written.getvalue()


class Listing:
    """The calls as one JSON array, a line each: laid out for people it would be twice as long."""

    def __init__(self) -> None:
        """Begin without any."""
        self._written = io.BytesIO()

    def add(self, some: Documents) -> None:
        """Write these calls, one at least."""
        self._written.write(b",\n" if self._written.tell() else b"[\n")
        self._written.write(b",\n".join(map(orjson.dumps, some.whole())))

    def content(self) -> bytes:
        """Return the file."""
        self._written.write(b"\n]\n" if self._written.tell() else b"[]\n")
        return self._written.getvalue()


class Cells(dict[object, object]):
    """Values as cells that no spreadsheet computes, each looked at once: most of them stand in many calls."""

    def __init__(self, *, is_number: bool) -> None:
        """Begin without any; `is_number`: of columns of our own E.164 numbers, which stay as they are."""
        super().__init__({None: None, False: "false", True: "true"})
        self._is_number = is_number

    def __missing__(self, text: str) -> str:
        """Return the cell of a text."""
        is_ours = self._is_number and E164.fullmatch(text.replace("*", "0"))  # masked ones too
        self[text] = made = text if is_ours else defused(text)
        return made


def as_json(value: object) -> bytes:
    """Return a JSON document for people's eyes too."""
    return orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def figures(found: Content, *, mask: bool) -> dict[str, object]:
    """Return all figures of the date, who waits for a call, the days before, and the audit."""
    made = defined(found.figures)
    if mask:
        made["shared_clients"] = _without_numbers(made["shared_clients"])
    return {
        **made,
        "by_client": [_group(key, one, mask=mask) for key, one in found.inbound.by_client],
        "by_source": [_group(key, one, mask=False) for key, one in found.inbound.by_source],
        "waiting": [_waiting(client, mask=mask) for client in found.night.waiting],
        "days": [
            {"key": day.isoformat(), "calls": count.calls, "lost": count.lost, "lcr": count.lcr}
            for day, count in found.night.days.items()
        ],
        "audit": _audit(found.audit, mask=mask),
    }


def _group(key: str | None, one: Count, *, mask: bool) -> dict[str, object]:
    answered = one.calls - one.lost
    shown = _masked(key) if mask else key
    return {"key": shown, "calls": one.calls, "answered": answered, "lost": one.lost, "lcr": one.lcr}


def _waiting(client: Waiting, *, mask: bool) -> dict[str, object]:
    return {
        "number": masked(client.number) if mask else client.number,
        "client": _masked(client.name) if mask else client.name,
        "responsible": client.whose,
        "priority": client.priority,
        "since": rfc3339(client.since),
        "waits_seconds": round(client.seconds),
        "lost": client.lost,
        "attempts": client.attempts,
        "dropped_by": client.dropped_by,
        "taken_by": client.taken_by,
        "snoozed_until": None if client.snoozed_until is None else rfc3339(client.snoozed_until),
    }


def _audit(found: Audit, *, mask: bool) -> dict[str, object]:
    return {
        "compared_with_asterisk": found.is_compared,
        "without_outcome": found.live,
        "outcomes": [_difference(one) for one in found.outcomes],
        "differences": [_difference(one) for one in found.differences],
        "hours_without_calls": list(found.hours),
        "silent_lines": [{"key": one.line.key, "last_at": rfc3339(one.last_at)} for one in found.silent],
        "failed_deliveries": [_failed(one, mask=mask) for one in found.failed],
    }


def _failed(one: Failed, *, mask: bool) -> dict[str, object]:
    subject = _masked(one.subject) if mask else one.subject
    return {"to": receiver(one.to), "subject": subject, "failed_at": rfc3339(one.failed_at)}


def _difference(one: Difference) -> dict[str, object]:
    names = ("asterisk_id", "call", "what", "asterisk", "ledger")
    said = {name: getattr(one, name) for name in names}
    return {name: rfc3339(value) if isinstance(value, float) else value for name, value in said.items()}


def _masked(value: object) -> object:
    return masked(value) if isinstance(value, str) else value


def _without_numbers(shared: object) -> object:
    assert isinstance(shared, dict)
    return {**shared, "list": [{**one, "key": masked(one["key"])} for one in shared["list"]]}
