"""An edition of a date's export: its files under names that tell editions apart, and the letter they go with."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import orjson

from callrouter.report import personal
from callrouter.report.export import written
from callrouter.report.language import language
from callrouter.report.text import line

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from callrouter.core.outcome import CallRow
    from callrouter.report.content import Content
    from callrouter.report.language import Language
    from callrouter.report.night import Night

MEDIA_TYPES = {
    "csv": "text/csv",
    "json": "application/json",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "html": "text/html",
    "txt": "text/plain",
}


@dataclass(frozen=True, slots=True)
class Edition:
    """What is kept and sent."""

    subject: str
    text: str
    files: tuple[tuple[str, str, bytes], ...]
    """Each with its name, its media type and its content."""


def edition(found: Content, formats: Iterable[str], code: str, number: int, *, mask: bool) -> Edition:
    """Return the edition of that number; from the second on subject, text and names of files say which it is."""
    words = language(code)
    made = written(found, formats, code, mask=mask)
    return _edition(subject(found, words), line(found, words), made, words, number)


def own_edition(found: Content, person: str, code: str, number: int, *, mask: bool) -> Edition:
    """Return the edition of somebody who gets his own page: a head his departments', a manager himself."""
    words = language(code)
    made = personal.written(found, person, code, mask=mask)
    said = next(content.decode().strip() for name, content in made.items() if name.endswith(".txt"))
    company = person == found.night.company.owner
    about = subject(found, words) if company else personal.subject(found, person, words)
    return _edition(about, said, made, words, number)


def _edition(about: str, said: str, made: Mapping[str, bytes], words: Language, number: int) -> Edition:
    files = ((named(name, number), MEDIA_TYPES[name.rpartition(".")[2]], content) for name, content in made.items())
    again = "" if number == 1 else "\n\n" + words.say("edition_again", number=number)
    return Edition(letter_subject(about, words, number), said + again, tuple(files))


def subject(found: Content, words: Language) -> str:
    """Return what the owner reads first."""
    made, number = found.figures, words.number
    rate = made["lcr"]
    return words.say(
        "subject" if rate is not None else "subject_without_calls",
        date=words.short_date(found.night.date),
        lcr=words.percent(rate),
        lost=number(made["lost"]),
        calls=number(made["calls"]),
        ignored=number(made["clients"]["ignored"]),
    )


def letter_subject(said: str, words: Language, number: int) -> str:
    """Return a subject that says which edition it is, from the second on."""
    return said if number == 1 else words.say("subject_again", subject=said, number=number)


def named(name: str, number: int) -> str:
    """Return a file's name in an edition: `lcr-2026-11-20.html`, `lcr-2026-11-20.edition-2.html`."""
    stem, _, kind = name.rpartition(".")
    return name if number == 1 else f"{stem}.edition-{number}.{kind}"


def digest(night: Night) -> str:
    """Return what tells apart what is known of a date at one time and another.

    It looks at the date's own calls and what Asterisk recorded of them: not at other dates, nor at names and numbers,
    for somebody's being forgotten is no news, nor at how it is written, which another version may do otherwise.
    """
    known = {
        "calls": sorted(_told(one.row) for one in night.calls),
        "live": night.live,
        "records": night.records,
        "differences": sorted([one.asterisk_id, one.what, str(one.asterisk)] for one in night.differences),
    }
    return hashlib.sha256(orjson.dumps(known)).hexdigest()


def _told(row: CallRow) -> list[str]:
    times = (row.arrived_at, row.answered_at, row.ended_at)
    words = (row.line, row.direction, row.outcome, row.lost_reason, row.lost_step, row.answered_by, row.answered_step)
    talk = (part for one in row.talk for part in (one.person, one.started_at, one.ended_at))
    return [row.id, *map(str, (*times, *words, row.is_closed, *talk))]
