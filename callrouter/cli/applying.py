"""Putting a scheme document in force: what it changes, whose clients go where, and whether the fallback is behind."""

from __future__ import annotations

import getpass
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from callrouter.cli.opening import WrongInputError, now
from callrouter.core.words import PersonId
from callrouter.routing import scheme as document
from callrouter.routing.fallback import FILE, is_current, revision_of
from callrouter.routing.faults import closest
from callrouter.routing.plan import Change, Plan, plan
from callrouter.routing.week import week_of
from callrouter.store import clients as book, schemes
from callrouter.store.errors import RowRefusedError

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from callrouter.routing.values import Scheme
    from callrouter.store.database import Database
    from callrouter.store.schemes import Revision

NOBODY = "nobody"
_QUICKER = "somebody has applied another document just now: look at it and try again; nothing applied"
ONLY_LAYOUT = Change("document", "only comments, order or layout differ")
USUAL_PLACE = Path("/etc/asterisk") / FILE


@dataclass(frozen=True, slots=True)
class Proposal:
    """A document beside the one in force."""

    current: Revision | None
    before: Scheme | None
    after: Scheme
    plan: Plan
    leaving: dict[PersonId, int]
    """People who are removed and have clients: how many."""


@dataclass(frozen=True, slots=True)
class Applied:
    """What became of it: `is_new` is false when the bytes were in force already."""

    revision: Revision
    is_new: bool
    plan: Plan
    handed: dict[PersonId, int]


async def propose(connection: AsyncConnection, content: bytes, file: str) -> Proposal:
    """Compare a document with the one in force; `WrongScheme` if it is none."""
    after = document.parse(content, file)
    current = await schemes.current(connection)
    before = None if current is None else _readable(current)
    found = plan(before, after, week_of(now(), after.timezone))
    if current is not None and current.document != content and not found.changes:
        found = Plan((ONLY_LAYOUT,), found.warnings)
    removed = [person for person in (before.people if before else ()) if person not in after.people]
    counted = {person: await book.count_of(connection, person) for person in removed}
    return Proposal(current, before, after, found, {person: count for person, count in counted.items() if count})


def _readable(revision: Revision) -> Scheme | None:
    """Return the scheme of a revision; None: this version would not accept it, which must not keep a better one out."""
    try:
        return document.parse(revision.document)
    except document.WrongScheme:
        return None


async def apply(
    database: Database,
    content: bytes,
    file: str,
    *,
    clients_to: str | None,
    comment: str | None,
    onto: Revision | None = None,
) -> Applied:
    """Put the document in force and hand clients over, or do nothing at all; `onto`: if this is in force still."""
    try:
        async with database.writing() as connection:
            proposal = await propose(connection, content, file)
            if onto is not None and proposal.current != onto:
                raise WrongInputError(_QUICKER)
            heir = _heir(proposal, clients_to)
            at = now()
            revision, is_new = await schemes.apply(connection, content, at, by=user(), comment=comment)
            handed = {person: await book.hand_over(connection, person, heir, at) for person in proposal.leaving}
            return Applied(revision, is_new, proposal.plan, handed)
    except RowRefusedError:
        raise WrongInputError(_QUICKER) from None


def _heir(proposal: Proposal, clients_to: str | None) -> PersonId | None:
    """Return who gets the clients of those who leave; None: nobody."""
    if clients_to is None and proposal.leaving:
        leaving = ", ".join(f"{person} ({count})" for person, count in proposal.leaving.items())
        raise WrongInputError(
            f"people who have clients would be removed: {leaving}; "
            "say who gets them with --clients-to PERSON, or --clients-to nobody; nothing applied"
        )
    if clients_to in (None, NOBODY):
        return None
    heir = PersonId(str(clients_to))
    if heir not in proposal.after.people:
        near = closest(heir, [*proposal.after.people, NOBODY])
        hint = f' (did you mean "{near}"?)' if near else ""
        raise WrongInputError(f'--clients-to: the new scheme has no person "{heir}"{hint}; nothing applied')
    return heir


def user() -> str | None:
    """Return who runs this command, where the system knows."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return None


def remember_fallback(data_dir: Path, written: Path) -> None:
    """Keep where the fallback was written, so that `behind` looks there."""
    data_dir.mkdir(parents=True, exist_ok=True)
    _note(data_dir).write_text(f"{written.resolve()}\n", "utf-8")


def fallback_file(data_dir: Path) -> Path | None:
    """Return the rendered fallback that is in use, as far as we know; None: none is known."""
    noted = _note(data_dir)
    places = [Path(noted.read_text("utf-8").strip())] if noted.is_file() else []
    return next((place for place in (*places, data_dir / FILE, USUAL_PLACE) if place.is_file()), None)


def behind(data_dir: Path, revision: Revision) -> str | None:
    """Return what to do when the rendered fallback is not of this revision; None: it is up to date."""
    file = fallback_file(data_dir)
    if file is None:
        return f"no rendered fallback is known: callrouter dialplan render --out {USUAL_PLACE}"
    text = file.read_text("utf-8", "replace")
    if is_current(text, revision.sha256):
        return None
    was = revision_of(text)
    of = "none of ours" if was is None else f"of revision {was}"
    return f'{file} is {of}: callrouter dialplan render --out {file}, then asterisk -rx "dialplan reload"'


def _note(data_dir: Path) -> Path:
    return data_dir / "fallback-file"
