"""One call as it was: what was known, what was decided, who rang and who did not, each leg, and who won."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from callrouter.cli.show import clean
from callrouter.core.story import climbed, introduced, plain
from callrouter.core.timeline import timeline
from callrouter.ledger.escalation import escalation
from callrouter.store import history

if TYPE_CHECKING:
    from collections.abc import Iterator

    from callrouter.core.call import Call
    from callrouter.core.outcome import CallRow, LegRow
    from callrouter.core.words import Instant
    from callrouter.store.codec import Record


def explained(row: CallRow, records: tuple[Record, ...]) -> dict[str, object]:
    """Return what JSON says of a call besides its row; nothing of how it was decided if its records are gone."""
    call = history.fold(records)
    found = escalation(row)
    reached = {"escalation": None if found is None else found.kind.value}
    if call is None:
        return {"decision": None, "considered": [], **reached}
    arrived = call.arrived
    return {
        "decision": {
            "rule": arrived.rule,
            "ladder": arrived.ladder_name,
            "closed": arrived.is_closed,
            "revision": arrived.scheme_revision,
            "stage": arrived.stage,
            "attributes": dict(arrived.attributes),
            "source": arrived.source,
            "known_from": arrived.known_from,
            "also": list(arrived.also),
        },
        "considered": [
            {"step": stage.step, "person": person, "why": why.value}
            for stage in timeline(call)
            for person, why in stage.not_rung
        ],
        **reached,
    }


def print_explained(row: CallRow, records: tuple[Record, ...]) -> None:
    """Print it in the words of `callrouter route`, seconds counted from the arrival."""
    call = history.fold(records)
    if call is not None:
        click.echo()
        for line in (*introduced(call.arrived), "", *_ladder(call)):
            click.echo(clean(line))
    found = escalation(row)
    if found is not None:
        click.echo(f"\nescalation to {clean(plain(found.reached))}: {found.kind}")
    if row.legs:
        click.echo("\nlegs")
    for leg in row.legs:
        click.echo(f"  {clean(_leg(leg, row.arrived_at))}")


def _ladder(call: Call) -> Iterator[str]:
    yield "ladder (seconds since the call arrived)"
    since, stages = call.arrived.arrived_at, timeline(call)
    for number in range(len(stages) + 1):
        yield from (climbed(stage) for stage in stages[number - 1 : number])
        for transfer in (one for one in call.transfers if one.after == number):
            by, to = transfer.by or "somebody", transfer.to
            yield f"{transfer.at - since:6.1f}  {by} transferred him to {to.department or 'nobody'} ({to.line})"
    if call.answered_at is not None:
        yield f"{call.answered_at - since:6.1f}  {call.answered_by or 'somebody who is not in the scheme'} won"
        if call.sent_at is not None and call.ended_at is not None:
            yield f"{call.ended_at - since:6.1f}  dropped in the transfer by {call.sent_by or 'somebody'}"
        elif len(call.talk) > 1:
            yield f"{call.talk[-1].started_at - since:6.1f}  {call.talk[-1].person or 'somebody'} talked to him last"
    elif call.lost is not None:
        yield f"{(call.ended_at or since) - since:6.1f}  lost: {plain(call.lost)}"


def _leg(leg: LegRow, since: Instant) -> str:
    times = (("rang", leg.ringing_at), ("picked up", leg.answered_at), ("ended", leg.ended_at))
    told = "".join(f", {said} {at - since:.1f}" for said, at in times if at is not None)
    result = "goes on" if leg.result is None else plain(leg.result)
    return (
        f"{leg.started_at - since:6.1f}  {leg.person or 'nobody of ours'} {leg.phone}, step {leg.step}: {result}{told}"
    )
