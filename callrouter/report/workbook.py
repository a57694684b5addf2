"""XLSX for the accountant: figures, calls and who waits, in his language; the same content makes the same bytes."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING

from xlsxwriter import Workbook

from callrouter.ledger.period import MICRO, local
from callrouter.ledger.tally import SHORT
from callrouter.report import sheets
from callrouter.report.cells import Sheet, Style, Writer
from callrouter.report.documents import documents
from callrouter.report.safe import masked
from callrouter.report.sheets import CLOCK, SHARE, TEXT, WHOLE

if TYPE_CHECKING:
    from callrouter.report.content import Content
    from callrouter.report.documents import Documents
    from callrouter.report.language import Language
    from callrouter.report.night import Waiting
    from callrouter.report.sheets import Column

FIGURES = (("figure", TEXT, 48), ("value", SHARE, 12), ("part", WHOLE, 12), ("whole", WHOLE, 12))
CALLS = (
    *(("arrived", CLOCK, 19), ("line_called", TEXT, 18), ("number", TEXT, 18), ("client", TEXT, 32)),
    *(("outcome", TEXT, 12), ("reason", TEXT, 20), ("answered_by", TEXT, 24)),
    *(("wait", WHOLE, 12), ("talk", WHOLE, 12), ("priority", TEXT, 8)),
)
WAITING = (
    *(("client", TEXT, 32), ("number", TEXT, 18), ("priority", TEXT, 8), ("responsible", TEXT, 24)),
    *(("lost_calls", WHOLE, 10), ("attempts", WHOLE, 10), ("since", CLOCK, 19)),
)
_CREATED = timedelta(days=1)
_OF_A_CALL = (
    *("arrived_at", "line", "caller", "caller_raw", "client", "outcome", "lost_reason", "answered_by"),
    *("wait_seconds", "talk_seconds", "priority"),
)


class Book:
    """A workbook that is being written, row by row."""

    def __init__(self, found: Content, language: Language, *, mask: bool) -> None:
        """Begin it; it is dated by the date it is about."""
        self.found = found
        self.language = language
        self.zone = found.night.period.timezone
        self.hide: Callable[[str], str] = masked if mask else str
        self._bytes = io.BytesIO()
        self.book = Workbook(self._bytes)
        midnight = datetime(found.night.date.year, found.night.date.month, found.night.date.day)  # noqa: DTZ001 -- a sheet's
        self.book.set_properties({"title": self._title, "created": midnight + _CREATED})
        day = "dd.mm.yyyy hh:mm:ss" if language.code == "ru" else "dd/mm/yyyy hh:mm:ss"
        looks: dict[Style, dict[str, object]] = {
            Style.BOLD: {"bold": True},
            Style.QUOTED: {"quote_prefix": True},
            Style.SHARE: {"num_format": "0.0%"},
            Style.CLOCK: {"num_format": day},
        }
        styles = {style: self.book.add_format(look)._get_xf_index() for style, look in looks.items()}  # noqa: SLF001 -- a sheet's
        self._writer = Writer(styles)

    @property
    def _title(self) -> str:
        return self.language.say("title", date=self.language.date(self.found.night.date))

    def sheet(self, name: str, columns: Sequence[Column], rows: Iterable[Sequence[object]]) -> None:
        """Add a sheet: what it is of, its columns, its rows."""
        say, period = self.language.say, self.found.night.period
        sheet = self.book.add_worksheet(say(name), Sheet)
        for at, (_, _, width) in enumerate(columns):
            sheet.set_column(at, at, width)
        start, end = (self.language.clock(at, self.zone) for at in (period.start, period.end))
        words = {"definition": self.found.figures["definition"], "start": start, "end": end, "timezone": self.zone}
        title = f"{self._title.rstrip('.')}. {say('subtitle', **words)}"  # a Russian date ends with a full stop
        sheet.rows = self._writer.rows(
            title, [say(column) for column, _, _ in columns], [kind for _, kind, _ in columns], rows
        )

    def person(self, key: str | None) -> str | None:
        """Return somebody's name."""
        return None if key is None else self.found.night.company.people.get(key, key)

    def close(self) -> bytes:
        """Return the file."""
        self.book.close()
        return self._bytes.getvalue()


def workbook(found: Content, language: Language, *, mask: bool) -> bytes:
    """Return the workbook."""
    book = Book(found, language, mask=mask)
    book.sheet("sheet_figures", FIGURES, _figures(book))
    calls = (row for some in documents(found.night.calls, mask=mask) for row in _calls(book, some))
    book.sheet("sheet_calls", CALLS, calls)
    book.sheet("sheet_waiting", WAITING, (_waiting(book, one) for one in found.night.waiting))
    more = sheets.Sheets(found, language, book.hide, lambda at: _clock(at, book.zone))
    book.sheet("sheet_people", sheets.PEOPLE, more.people())
    book.sheet("sheet_talk", sheets.TALK, more.talk())
    book.sheet("sheet_clients", (("client", TEXT, 32), *sheets.GROUPS), more.clients())
    book.sheet("sheet_sources", (("source", TEXT, 32), *sheets.GROUPS), more.sources())
    book.sheet("sheet_escalations", sheets.ESCALATIONS, more.escalations())
    book.sheet("sheet_shared", sheets.SHARED, more.shared())
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


def _calls(book: Book, some: Documents) -> Iterator[tuple[object, ...]]:
    name, person = cache(book.language.name), cache(book.person)
    columns = (some.kept[one] for one in _OF_A_CALL)
    for arrived, line, number, raw, client, outcome, reason, who, wait, talk, priority in zip(*columns, strict=True):
        yield (
            _clock(arrived / MICRO, book.zone),
            line,
            number or raw,
            client,
            name("outcomes", outcome),
            None if reason is None else name("reasons", reason),
            person(who),
            _whole(wait),
            _whole(talk),
            priority,
        )


def _waiting(book: Book, one: Waiting) -> tuple[object, ...]:
    return (
        book.hide(one.name or ""),
        book.hide(one.number),
        one.priority,
        book.person(one.whose),
        one.lost,
        one.attempts,
        _clock(one.since, book.zone),
    )


def _clock(at: float, zone: str) -> datetime:
    return local(int(at), zone).replace(tzinfo=None)


def _whole(seconds: float | None) -> int | None:
    return None if seconds is None else round(seconds)
