"""The live view of `callrouter calls watch`: what SQL knows, a tenth of a second behind the phones."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from typing import TYPE_CHECKING, Any

import click

from callrouter.cli.opening import database, now
from callrouter.cli.show import clean, json_line
from callrouter.core.call import Call, LegState, Phase
from callrouter.core.story import tell
from callrouter.ledger.period import rfc3339
from callrouter.store import queries

if TYPE_CHECKING:
    from rich.table import Table

    from callrouter.core.words import CallId, Instant
    from callrouter.store.database import Database

EVERY = 0.25
"""Seconds between two looks."""
SNAPSHOT = 1.0
"""Seconds between two snapshots in JSON."""


def run(*, once: bool, wants_json: bool) -> None:
    """Watch until Ctrl-C, which is the way to end it and no error."""
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_watch(once=once, wants_json=wants_json))


async def _watch(*, once: bool, wants_json: bool) -> None:
    async with database() as there:
        if wants_json:
            await _snapshots(there, once=once)
        elif sys.stdout.isatty() and not once:
            await _screen(there)
        elif once:
            await _print_once(there)
        else:
            await _follow(there)


def snapshot(call: Call, at: Instant) -> dict[str, Any]:
    """Return how a live call stands: its step, who rings, who is waited for, who talks, and the seconds."""
    run = call.steps[-1] if call.steps else None
    climbing = call.phase is Phase.CLIMBING and run is not None
    return {
        "id": call.id,
        "line": call.arrived.line,
        "caller": call.arrived.caller,
        "client": call.arrived.client,
        "responsible": call.arrived.responsible,
        "phase": call.phase.value,
        "step": run.step if run else None,
        "target": call.plan.ladder[run.step - 1].target if run else None,
        "rings": _people(call, LegState.DIALLED, LegState.RINGING),
        "waits_for": sorted(run.waiting) if climbing and run else [],
        "talks": _people(call, LegState.UP, LegState.TALKING),
        "step_seconds": round(at - run.started_at, 1) if climbing and run else None,
        "seconds": round(at - call.arrived.arrived_at, 1),
    }


def _people(call: Call, *states: LegState) -> list[str]:
    return list(dict.fromkeys(leg.person or leg.phone for leg in call.legs if leg.state in states))


async def _live(there: Database) -> list[dict[str, Any]]:
    async with there.reading() as connection:
        live = await queries.live_calls(connection)
    at = now()
    return [snapshot(call, at) for call in live]


async def _snapshots(there: Database, *, once: bool) -> None:
    while True:
        json_line({"at": rfc3339(now()), "calls": await _live(there)})
        if once:
            return
        await asyncio.sleep(SNAPSHOT)


async def _print_once(there: Database) -> None:
    for one in await _live(there):
        click.echo(_line(one))


async def _screen(there: Database) -> None:
    from rich.live import Live

    with Live(_table([]), auto_refresh=False, screen=False) as screen:
        while True:
            screen.update(_table(await _live(there)), refresh=True)
            await asyncio.sleep(EVERY)


def _table(live: list[dict[str, Any]]) -> Table:
    from rich.table import Table
    from rich.text import Text

    columns = ("call", "line", "caller", "client", "step", "rings", "waits for", "talks", "in step", "in all")
    count = "1 call goes on" if len(live) == 1 else f"{len(live)} calls go on"
    table = Table(*columns, box=None, header_style="bold", title=f"{count} (Ctrl-C ends the view)")
    for one in live:
        table.add_row(*(Text(clean(cell)) for cell in _cells(one)))
    return table


def _cells(one: dict[str, Any]) -> tuple[object, ...]:
    step = f"{one['step']} {one['target']}" if one["step"] else one["phase"]
    seconds = "" if one["step_seconds"] is None else f"{one['step_seconds']:.0f} s"
    people = (", ".join(one[name]) for name in ("rings", "waits_for", "talks"))
    client = f"{one['client'] or ''} · {one['responsible']}" if one["responsible"] else one["client"]
    return (one["id"][:13], one["line"], one["caller"], client, step, *people, seconds, f"{one['seconds']:.0f} s")


def _line(one: dict[str, Any]) -> str:
    doing = [
        f"{said} {', '.join(one[name])}"
        for name, said in (("rings", "rings"), ("waits_for", "waits for"), ("talks", "talks to"))
        if one[name]
    ]
    step = f"step {one['step']} ({one['target']})" if one["step"] else one["phase"]
    whose = f"{one['id']} {one['caller'] or 'withheld'} -> {one['line']}"
    return clean(f"{whose} {step}: {'; '.join(doing) or one['phase']}, {one['seconds']:.0f} s")


async def _follow(there: Database) -> None:
    """Print every record of every call as it comes: the ladder as it climbs."""
    arrived: dict[CallId, Instant] = {}
    async with there.reading() as connection:
        last = await queries.newest_entry(connection)
        for call in await queries.live_calls(connection):
            arrived[call.id] = call.arrived.arrived_at
    click.echo("watching: a line for everything that happens to a call (Ctrl-C ends it)", err=True)
    while True:
        async with there.reading() as connection:
            entries = await queries.entries_after(connection, last)
        for entry in entries:
            last = entry.number
            record = entry.record
            since = arrived.setdefault(record.call_id, getattr(record.event, "arrived_at", record.event.at))
            click.echo(f"{record.call_id} {clean(tell(record.event, record.commands, since))}")
        sys.stdout.flush()
        await asyncio.sleep(EVERY)
