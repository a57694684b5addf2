"""What applying a document would change, as it is printed; how far the comparison is, where it takes long."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

import click

from callrouter.cli.opening import now
from callrouter.routing import callers
from callrouter.routing.callers import Compared
from callrouter.routing.week import week_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from callrouter.cli.applying import Proposal
    from callrouter.routing.plan import Change

_PATIENCE = 1.0
"""Seconds after which somebody wants to know how far it is."""
_AT_MOST = 60.0
"""Seconds the comparison may take; what is left out is said."""


def for_callers(found: Proposal) -> Compared:
    """Return what changes for callers in the coming week; nothing to compare with, nothing to say."""
    if found.before is None:
        return Compared()
    started = said = time.monotonic()

    def goes_on(done: int, among: int) -> bool:
        nonlocal said
        if time.monotonic() - said > _PATIENCE:
            said = time.monotonic()
            click.echo(f"compared for callers: {done} of {among} kinds of line, {said - started:.0f} s", err=True)
        return time.monotonic() - started < _AT_MOST

    return callers.for_callers(found.before, found.after, week_of(now(), found.after.timezone), goes_on)


def print_plan(found: Proposal, compared: Compared) -> None:
    """Print the document's changes, then what they mean for callers; on stderr what is odd, and the sum."""
    for change in found.plan.changes:
        click.echo(change)
    if compared.effects:
        click.echo("\nfor callers, in the coming week:")
    for effect in compared.effects:
        click.echo(f"  {effect}")
    sys.stdout.flush()
    if compared.left_out:
        click.echo(f"warning: not compared for callers, for want of time: {', '.join(compared.left_out)}", err=True)
    print_changes("warning: ", found.plan.warnings)
    for person, count in found.leaving.items():
        said = "1 client" if count == 1 else f"{count} clients"
        click.echo(f"warning: people.{person}: has {said}: apply needs --clients-to PERSON or nobody", err=True)
    count = len(found.plan.changes)
    against = "no scheme" if found.current is None else f"revision {found.current.revision}"
    unnoticed = found.before is not None and count and compared == Compared()
    noticed = "; no caller would notice in the coming week" if unnoticed else ""
    click.echo(f"{'1 change' if count == 1 else f'{count} changes'} against {against}{noticed}", err=True)


def print_changes(head: str, changes: Iterable[Change]) -> None:
    """Print changes on stderr, a line each."""
    for change in changes:
        click.echo(f"{head}{change}", err=True)


def plan_document(found: Proposal, compared: Compared) -> dict[str, object]:
    """Return the plan as JSON has it."""
    return {
        "revision": None if found.current is None else found.current.revision,
        "changes": [{"path": change.path, "said": change.said} for change in found.plan.changes],
        "warnings": [{"path": change.path, "said": change.said} for change in found.plan.warnings],
        "removed_with_clients": dict(found.leaving),
        "for_callers": [
            {"lines": list(one.lines), "callers": list(one.callers), "when": one.when, "said": list(one.said)}
            for one in compared.effects
        ],
        "not_compared": list(compared.left_out),
    }
