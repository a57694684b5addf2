"""What the ledger says of when, beside what the phones saw."""

from __future__ import annotations

from typing import Any

import pytest

from tests.lab import Moment, answers, refuses, undisturbed
from tests.real.house import at
from tests.real.rig import LINE, Rig, scheme

NEAR = 0.1
"""Seconds the ledger may be away from the phones."""


async def test_the_times_of_a_conversation() -> None:
    """Arrival, first ring, answer and end are within 100 ms of what caller and phones saw."""
    await undisturbed(_a_conversation)


async def _a_conversation() -> None:
    async with Rig(scheme('{ring = "department", seconds = 5}')) as rig:
        rig.phone("boris").behaviour = answers(after=0.7)
        caller = await rig.trunk.dial(LINE, caller="89161234567")
        answered = await caller.wait("answered")
        phones = {person: await rig.phone(person).incoming() for person in ("anna", "boris", "vera")}
        await caller.hears(phones["boris"], packets=20)
        await caller.hangup()
        (row,) = await rig.ended(1)
        assert caller.ended_at
        _near(row["arrived_at"], caller.invited_at)
        _near(row["answered_at"], answered)
        _near(row["answered_at"], phones["boris"].answered_at)
        _near(row["ended_at"], caller.ended_at)
        assert row["wait_seconds"] == pytest.approx(_seconds(row, "arrived_at", "answered_at"), abs=0.002)
        assert row["talk_seconds"] == pytest.approx(_seconds(row, "answered_at", "ended_at"), abs=0.002)
        for leg in row["legs"]:
            call = phones[leg["person"]]
            _near(leg["started_at"], call.invited_at)
            _near(leg["ringing_at"], call.ringing_at)
            _near(leg["ended_at"], call.ended_at)
            if leg["person"] == "boris":
                _near(leg["answered_at"], call.answered_at)
        (talk,) = row["talk"]
        _near(talk["started_at"], answered)
        _near(talk["ended_at"], caller.ended_at)


async def test_the_times_of_a_ladder_that_nobody_climbs_down() -> None:
    """Each step begins when its phones ring and ends when they stop; a refusal ends a step then and there."""
    await undisturbed(_a_ladder)


async def _a_ladder() -> None:
    ladder = '{ring = "person:anna", seconds = 0.8}, {ring = "head", seconds = 5}, {ring = "owner", seconds = 0.6}'
    async with Rig(scheme(ladder)) as rig:
        rig.phone("gleb").behaviour = refuses(after=0.5)
        caller = await rig.trunk.dial(LINE, caller="89161234567")
        await caller.wait("ended")
        assert caller.status == 480
        (row,) = await rig.ended(1)
        _near(row["ended_at"], caller.ended_at)
        people = ("anna", "gleb", "irina")
        for person, leg, step in zip(people, row["legs"], row["steps"], strict=True):
            call = await rig.phone(person).incoming()
            assert leg["person"] == person
            _near(step["started_at"], call.invited_at)
            _near(step["ended_at"], call.ended_at)
            _near(leg["ringing_at"], call.ringing_at)
            _near(leg["ended_at"], call.ended_at)
        assert [leg["result"] for leg in row["legs"]] == ["no_answer", "declined", "no_answer"]


async def test_the_time_of_giving_up() -> None:
    """A caller who gives up has ended, and waited, when he put the receiver down."""
    await undisturbed(_giving_up)


async def _giving_up() -> None:
    async with Rig() as rig:
        caller = await rig.trunk.dial(LINE, caller="89161234567")
        vera = await rig.phone("vera").incoming()
        await rig.phone("gleb").incoming()
        await caller.hangup()
        (row,) = await rig.ended(1)
        assert (row["lost_reason"], row["lost_step"], row["answered_at"]) == ("abandoned", 3, None)
        _near(row["ended_at"], caller.ended_at)
        assert caller.ended_at
        assert row["wait_seconds"] == pytest.approx(_seconds(row, "arrived_at", "ended_at"), abs=0.002)
        (leg,) = [leg for leg in row["legs"] if leg["person"] == "vera"]
        _near(leg["ended_at"], vera.ended_at)


def _near(said: Any, seen: Moment | None) -> None:
    """What the ledger says is when the phone saw it."""
    assert seen is not None
    assert at(said).apart(seen) < NEAR, f"{(at(said) - seen) * 1000:+.0f} ms apart"


def _seconds(row: dict[str, Any], begin: str, end: str) -> float:
    """Return the time between two instants of the row."""
    return at(row[end]) - at(row[begin])
