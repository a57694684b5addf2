"""Plots as columns and cells: what stands how high, in which colour, and where its words are."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from callrouter.report import plots
from callrouter.report.language import language
from callrouter.report.night import Count

FIRST = date(2026, 11, 1)
EN = language("en")


def _days(*rates: tuple[int, int]) -> dict[date, Count]:
    return {FIRST + timedelta(days=number): Count(calls, lost) for number, (calls, lost) in enumerate(rates)}


def test_the_goal_is_a_line_through_the_columns() -> None:
    """What stands higher is drawn on both sides of it, together as high as the rate; the highest reaches the top."""
    plot = plots.by_day(_days((100, 20), (100, 5), (100, 10), (0, 0)), 0.05, 0.25, EN)
    assert plot.goal == plots.HEIGHT * 5 // 20
    assert [(one.under, one.over) for one in plot.columns] == [(30, 90), (30, 0), (30, 30), (2, 0)]
    assert [one.fill for one in plot.columns] == [plots.AMBER, plots.GREEN, plots.AMBER, plots.FAINT]
    assert plot.columns[0].said == "1 Nov: 20% (20 of 100)"
    assert plot.columns[3].said == "4 Nov: no calls"


def test_a_good_month_leaves_room_over_its_columns() -> None:
    """While everything is under the goal its line is in the middle, and no day is named the worst."""
    plot = plots.by_day(_days(*[(100, 1)] * 30), 0.05, 0.25, EN)
    assert plot.goal == plots.HEIGHT / 2
    assert plot.peak == ()


@pytest.mark.parametrize("worst", range(30))
def test_the_worst_day_is_named_over_its_column(worst: int) -> None:
    """Wherever it is, the words are over it and as wide as all columns."""
    rates = [(100, 90 if number == worst else 1) for number in range(30)]
    plot = plots.by_day(_days(*rates), 0.05, 0.25, EN)
    before = 0
    for label in plot.peak:
        if label.said == "90%":
            assert before <= worst < before + label.columns
        before += label.columns
    assert before == 30


def test_every_seventh_day_is_dated_and_the_last_one_always() -> None:
    """The dates stand under the days they name."""
    plot = plots.by_day(_days(*[(10, 1)] * 30), 0.05, 0.25, EN)
    assert sum(one.columns for one in plot.ticks) == 30
    assert [one.said for one in plot.ticks] == ["", "9 Nov", "16 Nov", "23 Nov", "30 Nov"]
    assert [one.said for one in plots.by_day(_days(*[(10, 1)] * 7), 0.05, 0.25, EN).ticks] == ["7 Nov"]


def test_an_hour_of_the_week_is_coloured_by_its_share() -> None:
    """None lost, within the goal, over it, far over it; without calls it is left out."""
    hours = {(1, 9): Count(10, 0), (2, 9): Count(100, 5), (3, 9): Count(100, 6), (4, 10): Count(4, 1)}
    (nine, first), (ten, second) = plots.by_hour(hours, 0.05, 0.25)
    assert (nine, ten) == (9, 10)
    assert [one and one.said for one in first] == ["", "5", "6", None, None, None, None]
    assert second[3] is not None
    colours = [one.fill for one in (*first, second[3]) if one is not None]
    assert colours == [colour for colour, _ in plots.legend(0.05, 0.25, EN)]


@pytest.mark.parametrize(
    ("parts", "cells"),
    [
        ([(0.0, "a")], [(100, plots.FAINT)]),
        ([(1.0, "a")], [(100, "a")]),
        ([(0.001, "a"), (0.5, "b")], [(1, "a"), (50, "b"), (49, plots.FAINT)]),
    ],
)
def test_a_bar_shows_what_is_there_at_all(parts: list[tuple[float, str]], cells: list[tuple[int, str]]) -> None:
    """Its cells are as wide as it is, together."""
    assert plots.bar(parts) == cells
