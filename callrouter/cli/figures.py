"""The figures of a period as a person reads them."""

from __future__ import annotations

from typing import Any

import click

from callrouter.cli.show import percent, table
from callrouter.cli.when import spoken
from callrouter.ledger.period import Period, read
from callrouter.ledger.tally import SHORT

COLUMNS = ("", "calls", "answered", "lost", "lcr")
HOURS = "within working hours"
WITHOUT_SHORT = f"without callers who left in under {SHORT} s"
FATES = ("rescued", "returned", "attempted", "ignored")


def tell(told: dict[str, Any], by: str | None) -> None:
    """Print the figures as they are in JSON: by groups, or, without any, all of them."""
    meant = Period(read(told["from"], "UTC"), read(told["to"], "UTC"), told["timezone"])
    click.echo(f"Lost Call Rate ({told['definition']}), {spoken(meant)}")
    named = (("all calls", told), (HOURS, told["working_hours"]), (WITHOUT_SHORT, told["without_short"]))
    table(COLUMNS, [_line(name, figures) for name, figures in named])
    click.echo(f"lost by reason: {_reasons(told['lost_by_reason'])}")
    click.echo("")
    if by:
        table((by, *COLUMNS[1:]), [_line(_name(group["key"]), group) for group in told["groups"]])
        return
    for part in (_clients, _service, _steps, _people, _talk, _escalations, _compared):
        part(told)


def _clients(told: dict[str, Any]) -> None:
    clients = told["clients"]
    named = (("clients", clients), (HOURS, clients["working_hours"]), (WITHOUT_SHORT, clients["without_short"]))
    lines = [(name, one["clients"], one["lost"], percent(one["lcr"])) for name, one in named]
    table(("", "clients", "lost", "lcr"), lines)
    click.echo(f"clients with a lost call: {_counts({fate: clients[fate] for fate in FATES})}")
    click.echo(f"called back: {_counts(clients['called_back'])}")
    click.echo(f"without a number: {clients['without_number']['calls']} ({clients['without_number']['lost']} lost)")
    click.echo(f"clients two of ours talked to within seven days: {told['shared_clients']['clients']}")
    click.echo("")


def _service(told: dict[str, Any]) -> None:
    levels = ", ".join(f"{one['key']} s {percent(one['share'])}" for one in told["service_level"])
    click.echo(f"answered within {levels}; on average after {_seconds(told['asa_seconds'])}")
    click.echo(f"phantom (talked under {SHORT} s): {told['phantom']}")
    click.echo("")


def _steps(told: dict[str, Any]) -> None:
    if told["steps"]:
        lines = [
            (
                *(_name(one["key"]), one["targets"], one["reached"], one["skipped"], one["answered"]),
                *(percent(one["share"]), _seconds(one["added_on_average"])),
            )
            for one in told["steps"]
        ]
        table(("step", "rings", "reached", "skipped", "answered", "rescue", "adds"), lines)
        click.echo("")


def _people(told: dict[str, Any]) -> None:
    if told["people"]:
        lines = [
            (
                *(_name(one["key"]), one["answered"], one["missed"]),
                *(_minutes(one["talk"]["seconds_in"]), _minutes(one["talk"]["seconds_out"])),
                *(percent(part["share"]) for part in one["talk"]["by_priority"] if part["goal"] is not None),
            )
            for one in told["people"]
        ]
        table(("person", "answered", "missed", "talk in", "talk out", "A", "B", "C"), lines)
        click.echo("")


def _talk(told: dict[str, Any]) -> None:
    lines = [
        (_name(one["key"]), one["calls"], _minutes(one["seconds"]), percent(one["share"]), _goal(one["goal"]))
        for one in told["talk"]["by_priority"]
    ]
    table(("priority", "conversations", "talk", "share", "goal"), lines)
    click.echo("")


def _escalations(told: dict[str, Any]) -> None:
    found = told["escalations"]
    kinds = _counts({kind: found[kind] for kind in ("overload", "neglect")})
    click.echo(f"escalations: {found['calls']} (goal {found['goal']}): {kinds}")
    if found["people"]:
        table(("person", "silent", "away"), [(one["key"], one["silent"], one["away"]) for one in found["people"]])
    click.echo("")


def _compared(told: dict[str, Any]) -> None:
    named = (("this period", told), *((name.replace("_", " "), one) for name, one in told["compared"].items()))
    table(COLUMNS, [_line(name, figures) for name, figures in named])


def _line(name: str, figures: dict[str, Any]) -> tuple[object, ...]:
    return name, figures["calls"], figures["answered"], figures["lost"], percent(figures["lcr"])


def _counts(figures: dict[str, int]) -> str:
    return ", ".join(f"{name.replace('_', ' ')} {count}" for name, count in figures.items() if count) or "none"


def _reasons(figures: dict[str, int]) -> str:
    return ", ".join(f"{reason} {count}" for reason, count in figures.items() if count) or "none"


def _name(key: object) -> str:
    return "-" if key is None else str(key)


def _goal(share: float | None) -> str:
    return "" if share is None else f"{share:.0%}"


def _seconds(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f} s"


def _minutes(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02}"
