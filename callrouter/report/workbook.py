"""XLSX for the accountant: figures, calls and who waits, in his language; the same content makes the same bytes."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from xlsxwriter import Workbook

from callrouter.ledger.period import local
from callrouter.ledger.tally import SHORT, talked, waited
from callrouter.report import sheets
from callrouter.report.safe import SIGNS, clean, masked

if TYPE_CHECKING:
    from xlsxwriter.worksheet import Worksheet

    from callrouter.report.content import Content
    from callrouter.report.language import Language
    from callrouter.report.night import Waiting
    from callrouter.store.queries import Recorded

OPTIONS = {
    "constant_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}
CALLS = ("arrived", "line_called", "number", "client", "outcome", "reason", "answered_by", "wait", "talk", "priority")
WAITING = ("client", "number", "priority", "responsible", "lost_calls", "attempts", "since")
_CREATED = timedelta(days=1)


class Book:
    """A workbook that is being written, row by row."""

    def __init__(self, found: Content, language: Language, *, mask: bool) -> None:
        """Begin it; it is dated by the date it is about."""
        self.found = found
        self.language = language
        self.zone = found.night.period.timezone
        self.hide: Callable[[str], str] = (lambda text: clean(masked(text))) if mask else clean
        self._bytes = io.BytesIO()
        self.book = Workbook(self._bytes, OPTIONS)
        midnight = datetime(found.night.date.year, found.night.date.month, found.night.date.day)  # noqa: DTZ001 -- a sheet's
        self.book.set_properties({"title": self._title, "created": midnight + _CREATED})
        day = "dd.mm.yyyy hh:mm:ss" if language.code == "ru" else "dd/mm/yyyy hh:mm:ss"
        formats = {"bold": {"bold": True}, "percent": {"num_format": "0.0%"}, "clock": {"num_format": day}}
        self._formats: dict[str, Any] = {name: self.book.add_format(one) for name, one in formats.items()}
        self._formats["text"] = self.book.add_format({"quote_prefix": True})

    @property
    def _title(self) -> str:
        return self.language.say("title", date=self.language.date(self.found.night.date))

    def sheet(self, name: str, columns: Iterable[str], rows: Iterable[Sequence[object]], wide: Sequence[int]) -> None:
        """Write a sheet: what it is of, the columns' names, the rows."""
        sheet = self.book.add_worksheet(self.language.say(name))
        for at, width in enumerate(wide):
            sheet.set_column(at, at, width)
        period = self.found.night.period
        start, end = (self.language.clock(at, self.zone) for at in (period.start, period.end))
        definition = self.found.figures["definition"]
        words = {"definition": definition, "start": start, "end": end, "timezone": self.zone}
        sheet.write_string(0, 0, f"{self._title}. {self.language.say('subtitle', **words)}")
        for at, column in enumerate(columns):
            sheet.write_string(2, at, self.language.say(column), self._formats["bold"])
        for number, row in enumerate(rows, start=3):
            for at, value in enumerate(row):
                self._cell(sheet, number, at, value)

    def close(self) -> bytes:
        """Return the file."""
        self.book.close()
        return self._bytes.getvalue()

    def _cell(self, sheet: Worksheet, row: int, at: int, value: object) -> None:
        if isinstance(value, datetime):
            sheet.write_datetime(row, at, value, self._formats["clock"])
        elif isinstance(value, float):
            sheet.write_number(row, at, value, self._formats["percent"])
        elif isinstance(value, int):
            sheet.write_number(row, at, value)
        elif isinstance(value, str):
            # A sheet keeps a text a text; marked as quoted it stays one when it is edited or saved as CSV.
            sheet.write_string(row, at, value, self._formats["text"] if value.startswith(SIGNS) else None)


def workbook(found: Content, language: Language, *, mask: bool) -> bytes:
    """Return the workbook."""
    book = Book(found, language, mask=mask)
    book.sheet("sheet_figures", ("figure", "value", "part", "whole"), _figures(book), (48, 12, 12, 12))
    calls = (_call(book, one) for one in found.night.calls)
    book.sheet("sheet_calls", CALLS, calls, (19, 18, 18, 32, 12, 20, 24, 12, 12, 8))
    waiting = (_waiting(book, one) for one in found.night.waiting)
    book.sheet("sheet_waiting", WAITING, waiting, (32, 18, 8, 24, 10, 10, 19))
    more = sheets.Sheets(found, language, book.hide, lambda at: _clock(at, book.zone))
    book.sheet("sheet_people", sheets.PEOPLE, more.people(), (32, 12, 12, 14, 12, 14, 14))
    book.sheet("sheet_talk", sheets.TALK, more.talk(), (18, 14, 14, 10, 10))
    book.sheet("sheet_clients", ("client", *sheets.GROUPS), more.clients(), (32, 10, 10, 22))
    book.sheet("sheet_sources", ("source", *sheets.GROUPS), more.sources(), (32, 10, 10, 22))
    book.sheet("sheet_escalations", sheets.ESCALATIONS, more.escalations(), (19, 32, 14, 48, 48))
    book.sheet("sheet_shared", sheets.SHARED, more.shared(), (32, 64))
    return book.close()


def _figures(book: Book) -> Iterable[tuple[object, ...]]:
    made = book.found.figures
    clients, say = made["clients"], book.language.say
    yield say("lcr"), made["lcr"], made["lost"], made["calls"]
    for name in ("working_hours", "without_short"):
        yield say(name, n=SHORT), made[name]["lcr"], made[name]["lost"], made[name]["calls"]
    ours = {"unique": clients, "unique_hours": clients["working_hours"], "unique_short": clients["without_short"]}
    for name, one in ours.items():
        yield say(name), one["lcr"], one["lost"], one["clients"]
    for level in made["service_level"]:
        said = say("answered") + " " + say("within", n=level["key"])
        yield said, level["share"], level["answered"], made["calls"]
    yield say("not_called_back"), None, clients["ignored"], clients["with_lost_call"]
    for name in ("attempted", "rescued", "returned"):
        yield say(name).capitalize(), None, clients[name], clients["with_lost_call"]
    for reason, lost in made["lost_by_reason"].items():
        yield f"{say('reasons_title')}: {book.language.name('reasons', reason)}", None, lost, made["lost"]


def _call(book: Book, one: Recorded) -> tuple[object, ...]:
    row, name = one.row, book.language.name
    return (
        _clock(row.arrived_at, book.zone),
        clean(row.line),
        book.hide(row.caller or row.caller_raw),
        book.hide(row.client or ""),
        name("outcomes", row.outcome or ""),
        None if row.lost_reason is None else name("reasons", row.lost_reason),
        _person(book, row.answered_by),
        _whole(waited(row)),
        _whole(talked(row)),
        row.priority,
    )


def _waiting(book: Book, one: Waiting) -> tuple[object, ...]:
    return (
        book.hide(one.name or ""),
        book.hide(one.number),
        one.priority,
        _person(book, one.whose),
        one.lost,
        one.attempts,
        _clock(one.since, book.zone),
    )


def _person(book: Book, key: str | None) -> str | None:
    return None if key is None else clean(book.found.night.company.people.get(key, key))


def _clock(at: float, zone: str) -> datetime:
    return local(at, zone).replace(tzinfo=None, microsecond=0)


def _whole(seconds: float | None) -> int | None:
    return None if seconds is None else round(seconds)
