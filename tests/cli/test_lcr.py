"""`callrouter lcr` on the calls of `tests/ledger/calls.md`: the figures come through the database as they are."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

import pytest

from callrouter.ledger.figure import behind, printed
from callrouter.ledger.figures import figures
from callrouter.ledger.groups import By
from callrouter.ledger.period import Period
from callrouter.ledger.rate import defined
from callrouter.store import rows
from callrouter.store.database import Database
from tests.cli.conftest import apply
from tests.ledger import table

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.cli.conftest import Said

SCHEME = """version = 1
timezone = "Europe/Berlin"
country = "DE"

[calendars.office]
hours = ["Mon-Fri 09:00-18:00"]
holidays = "DE"
short_before_holidays = 60

[people]
anna = {name = "Anna", phones = ["PJSIP/anna"]}

[departments]
sales = {name = "Sales", members = ["anna"]}

[ladders]
default = [{ring = "department", seconds = 10}]

[lines]
"site" = {name = "Site", department = "sales", ladder = "default", hours = "office"}
"hotline" = {name = "Hotline", department = "sales", ladder = "default"}
"""
WEEK = Period(table.instant("03-28 00:00"), table.instant("04-04 00:00"), table.BERLIN)
OPTIONS = ("--from", "2026-03-28", "--to", "2026-04-04")


async def _write() -> None:
    database = Database("sqlite:///callrouter.db")
    async with database.writing() as connection:
        await rows.begin(connection, table.calls(), "test")
        for row in table.calls():
            await rows.finish(connection, row, {})
    await database.close()


@pytest.fixture
def written(ready: Callable[..., Said]) -> Callable[..., Said]:
    """The command line, when the calls of the table are in SQL."""
    asyncio.run(apply(SCHEME))
    asyncio.run(_write())
    return ready


def test_the_figures_come_through_the_database(written: Callable[..., Said]) -> None:
    """What is printed in JSON is what the calls themselves give, to the last figure."""
    expected = printed(figures(table.calls(), WEEK, table.hours_of, By.SOURCE))
    assert written("lcr", *OPTIONS, "--by", "source", "--json").json == json.loads(json.dumps(defined(expected)))


def test_dates_that_are_added_up_say_the_same(written: Callable[..., Said]) -> None:
    """Once is enough: the second time nothing is left to do."""
    before = written("lcr", *OPTIONS, "--by", "day", "--json").json
    lines = written("lcr", *OPTIONS, "--by", "day").out
    assert written("db", "add-up").err.endswith("dates are added up\n")
    assert written("db", "add-up").err == "0 dates are added up\n"
    assert written("lcr", *OPTIONS, "--by", "day", "--json").json == before
    assert written("lcr", *OPTIONS, "--by", "day").out == lines


def test_the_calls_behind_any_figure_are_listed(written: Callable[..., Said]) -> None:
    """By the figure's name; without one it is all calls that count."""
    found = behind(figures(table.calls(), WEEK, table.hours_of))
    for name in ("clients.ignored", "people.vera.missed", "compared.week_before.lost", "clients.called_back.later"):
        listed = written("lcr", *OPTIONS, "--rows", name, "--json").json["rows"]
        assert sorted(row["id"] for row in listed) == sorted(row.id for row in found[name])
    assert len(written("lcr", *OPTIONS, "--rows", "--json").json["rows"]) == len(found["calls"])
    assert (
        written("lcr", *OPTIONS, "--rows", "phantom").out.splitlines()[-1].startswith("19\t2026-03-30 11:00:00\tsite")
    )


def test_a_figure_that_does_not_exist(written: Callable[..., Said]) -> None:
    """It is a mistake, with the nearest name."""
    said = written("lcr", *OPTIONS, "--rows", "clients.ignord")
    assert (said.code, said.out) == (2, "")
    assert "no figure of this period is called 'clients.ignord' (did you mean 'clients.ignored'?)" in said.err
    assert "did you mean" not in written("lcr", *OPTIONS, "--rows", "ООО").err


def test_a_person_reads_all_of_it(written: Callable[..., Said]) -> None:
    """Without groups every block is told, each figure under its name."""
    lines = written("lcr", *OPTIONS).out.splitlines()
    for line in (
        "all calls\t41\t20\t21\t51.2%",
        "within working hours\t36\t19\t17\t47.2%",
        "clients\t30\t7\t23.3%",
        "clients with a lost call: rescued 6, returned 4, attempted 3, ignored 4",
        (
            "called back: within 5 minutes 2, within 20 minutes 2, within 60 minutes 2,"
            " same day 1, next working day 2, later 1, never 4"
        ),
        "without a number: 2 (1 lost)",
        "clients two of ours talked to within seven days: 3",
        "answered within 10 s 24.4%, 20 s 41.5%, 30 s 46.3%; on average after 12.8 s",
        "phantom (talked under 5 s): 1",
        "3\thead\t6\t1\t3\t60.0%\t9.2 s",
        "gleb\t3\t3\t3:35\t0:00\t100.0%\t0.0%\t0.0%",
        "A\t4\t8:06\t61.1%\t80%",
        "escalations: 7 (goal 0): overload 1, neglect 6",
        "irina\t1\t1",
        "day before\t1\t0\t1\t100.0%",
    ):
        assert line in lines


def test_a_period_without_calls_is_read_too(written: Callable[..., Said]) -> None:
    """Nothing is told as nothing."""
    lines = written("lcr", "--from", "2026-06-01", "--to", "2026-06-02").out.splitlines()
    assert "answered within 10 s -, 20 s -, 30 s -; on average after -" in lines
    assert "escalations: 0 (goal 0): none" in lines
