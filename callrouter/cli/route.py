"""`callrouter route`: what would happen to a call, by the decision and the machine of production."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from callrouter.cli.show import as_json

if TYPE_CHECKING:
    from collections.abc import Iterator

    from callrouter.cli.asking import Question
    from callrouter.core.timeline import Stage
    from callrouter.core.words import Instant
    from callrouter.routing.forecast import Answer
    from callrouter.store.database import Database

_REVISION = click.IntRange(1, 2**31 - 1)


@click.command()
@click.option("--line", required=True, metavar="DID", help="The number that is dialled.")
@click.option("--from", "number", required=True, metavar="NUMBER", help="Who calls.")
@click.option("--at", metavar="ISO", help="When; in the scheme's zone unless it says otherwise. Default: now.")
@click.option(
    "--assume",
    metavar="PERSON=HOW,…",
    help="Who is busy, offline, paused, dnd or away (anna=busy,boris=offline). The others are free and never answer.",
)
@click.option("--week", is_flag=True, help="Every minute of the coming week at which the answer changes.")
@click.option("--revision", type=_REVISION, metavar="N", help="By this revision, not by the one in force.")
@click.option("--file", type=click.Path(path_type=Path), metavar="FILE", help="By this document, not in force yet.")
@as_json
def route(*, week: bool, wants_json: bool, **asked: Any) -> None:
    """Say what would happen to a call: every step, who rings and when, who does not and why."""
    from callrouter.cli import asking
    from callrouter.cli.opening import with_database
    from callrouter.cli.show import json_value

    async def work(database: Database) -> asking.Question:
        async with database.reading() as connection:
            return await asking.question(connection, asking.Asked(**asked))

    question = with_database(work)
    if week:
        _print_week(question, wants_json=wants_json)
    elif wants_json:
        json_value(document(question.answer(question.at), question.at))
    else:
        _print(question)


def document(answer: Answer, at: Instant) -> dict[str, object]:
    """Return the answer as JSON has it."""
    from callrouter.ledger.period import rfc3339

    arrived, forecast = answer.arrived, answer.forecast
    return {
        "line": arrived.line,
        "caller": arrived.caller,
        "revision": arrived.scheme_revision,
        "ladder": arrived.ladder_name,
        "closed": arrived.is_closed,
        "steps": [_step(stage) for stage in forecast.steps],
        "at": rfc3339(at),
        "rule": arrived.rule,
        "refused": arrived.refusal is not None,
        "ends_at": forecast.ends_at,
        "lost_reason": None if forecast.lost is None else forecast.lost.value,
        "hears": [{"at": _seconds(at), "media": media} for at, media in forecast.hears],
        "prompt": arrived.prompt,
        "music": arrived.music,
        "context": arrived.goes_on,
        "department": arrived.department,
        "direction": arrived.direction,
        "client": arrived.client,
        "responsible": arrived.responsible,
        "priority": arrived.priority,
        "segment": arrived.segment,
        "stage": arrived.stage,
        "attributes": dict(arrived.attributes),
        "known_from": arrived.known_from,
        "also": list(arrived.also),
    }


def _step(stage: Stage) -> dict[str, object]:
    return {
        "step": stage.step,
        "action": stage.action.value,
        "target": stage.target,
        "at": _seconds(stage.at),
        "rings": [rung.person for rung in stage.rings],
        "not_rung": [{"person": person, "why": why.value} for person, why in stage.not_rung],
        "until": _seconds(stage.until),
        "skipped": None if stage.skipped is None else stage.skipped.value,
        "rings_on": list(stage.rings_on),
        "times": [{"person": one.person, "from": _seconds(one.at), "to": _seconds(one.until)} for one in stage.rings],
        "deputies": [{"person": person, "for": absent} for person, absent in stage.deputies],
    }


def _seconds(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 3)


def _print(question: Question) -> None:
    from callrouter.cli.show import clean
    from callrouter.core.story import introduced
    from callrouter.ledger.period import local

    answer, timezone = question.answer(question.at), question.scheme.timezone
    for line in introduced(answer.arrived):
        click.echo(clean(line))
    click.echo(f"at        {local(question.at, timezone):%a %Y-%m-%d %H:%M:%S} {timezone}")
    for person, how in question.assumed.items():
        click.echo(f"assumed   {person} {how.value}")
    click.echo()
    for line in told(answer):
        click.echo(f"  {clean(line)}")


def told(answer: Answer) -> Iterator[str]:
    """Yield the ladder as it would climb, and how it ends."""
    from callrouter.core.story import climbed, plain

    heard = [(at, f"{at:6.1f}  hears {media}") for at, media in answer.forecast.hears]
    lines = [(stage.at, climbed(stage)) for stage in answer.forecast.steps]
    yield from (line for _, line in sorted([*lines, *heard], key=lambda one: one[0]))
    arrived, ends = answer.arrived, f"{answer.forecast.ends_at:6.1f}  "
    if arrived.goes_on is not None and arrived.refusal is None:
        yield f"{ends}goes on in {arrived.goes_on}"
        return
    last = f"hears {arrived.prompt}, " if arrived.prompt and arrived.refusal is None else ""
    yield f"{ends}{last}lost: {plain(answer.forecast.lost or 'nothing')}"


def _print_week(question: Question, *, wants_json: bool) -> None:
    """Say the week's different answers, each with the times at which it is given."""
    from callrouter.cli.show import clean, json_value
    from callrouter.ledger.period import local, rfc3339
    from callrouter.routing.availability import switches
    from callrouter.routing.week import spoken, stretches, week_of

    timezone = question.scheme.timezone
    week = week_of(question.at, timezone)
    answers = [
        (when, question.answer(when[0])) for when in stretches(week, switches(question.scheme, week.since, week.until))
    ]
    if wants_json:
        changes = [
            (when, found)
            for number, (when, found) in enumerate(answers)
            if not number or found != answers[number - 1][1]
        ]
        json_value([document(found, since) | {"from": rfc3339(since)} for (since, _), found in changes])
        return
    given: list[tuple[Answer, list[tuple[Instant, Instant]]]] = []
    for when, found in answers:
        times = next((times for other, times in given if other == found), None)
        if times is None:
            given.append((found, [when]))
        else:
            times.append(when)
    days = (f"{local(at, timezone):%a %Y-%m-%d}" for at in (week.since, week.until - 1))
    click.echo(f"{' to '.join(days)}, {timezone}")
    for found, times in given:
        state = "closed" if found.arrived.is_closed else "open"
        click.echo(f"\n{spoken(week, times)} ({state}, {clean(_by(found))})")
        for line in told(found):
            click.echo(f"  {clean(line)}")


def _by(answer: Answer) -> str:
    arrived = answer.arrived
    ladder = f"ladder {arrived.ladder_name}" if arrived.ladder_name else "no ladder"
    return f"rule {arrived.rule}, {ladder}" if arrived.rule else ladder
