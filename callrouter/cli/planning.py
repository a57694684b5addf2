"""What applying a document would change, as it is printed; how far the comparison is, where it takes long."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

import click

from callrouter.cli.opening import now
from callrouter.routing import callers
from callrouter.routing.week import week_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from callrouter.cli.applying import Proposal
    from callrouter.routing.callers import Effect
    from callrouter.routing.plan import Change

_PATIENCE = 1.0
"""Seconds after which somebody wants to know how far it is."""


def for_callers(found: Proposal) -> tuple[Effect, ...]:
    """Return what changes for callers in the coming week; nothing to compare with, nothing to say."""
    if found.before is None:
        return ()
    started = said = time.monotonic()

    def told(done: int, among: int) -> None:
        nonlocal said
        if time.monotonic() - said > _PATIENCE:
            said = time.monotonic()
            click.echo(f"compared for callers: {done} of {among} lines, {said - started:.0f} s", err=True)

    return callers.for_callers(found.before, found.after, week_of(now(), found.after.timezone), told)


def print_plan(found: Proposal, effects: tuple[Effect, ...]) -> None:
    """Print the document's changes, then what they mean for callers; on stderr what is odd, and the sum."""
    for change in found.plan.changes:
        click.echo(change)
    if effects:
        click.echo("\nfor callers, in the coming week:")
    for effect in effects:
        click.echo(f"  {effect}")
    sys.stdout.flush()
    print_changes("warning: ", found.plan.warnings)
    for person, count in found.leaving.items():
        said = "1 client" if count == 1 else f"{count} clients"
        click.echo(f"warning: people.{person}: has {said}: apply needs --clients-to PERSON or nobody", err=True)
    count = len(found.plan.changes)
    against = "no scheme" if found.current is None else f"revision {found.current.revision}"
    noticed = "" if found.before is None or not count or effects else "; no caller would notice in the coming week"
    click.echo(f"{'1 change' if count == 1 else f'{count} changes'} against {against}{noticed}", err=True)


def print_changes(head: str, changes: Iterable[Change]) -> None:
    """Print changes on stderr, a line each."""
    for change in changes:
        click.echo(f"{head}{change}", err=True)


def plan_document(found: Proposal, effects: tuple[Effect, ...]) -> dict[str, object]:
    """Return the plan as JSON has it."""
    return {
        "revision": None if found.current is None else found.current.revision,
        "changes": [{"path": change.path, "said": change.said} for change in found.plan.changes],
        "warnings": [{"path": change.path, "said": change.said} for change in found.plan.warnings],
        "removed_with_clients": dict(found.leaving),
        "for_callers": [
            {"lines": list(one.lines), "callers": list(one.callers), "when": one.when, "said": list(one.said)}
            for one in effects
        ],
    }
