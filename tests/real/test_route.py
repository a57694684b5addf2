"""The forecast is what the phones see: companies drawn by dice, in which everybody rings and nobody answers."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from random import Random
from typing import Any

import pytest

from tests.lab import rings, undisturbed
from tests.real.generated import Firm, Line, draw
from tests.real.house import at
from tests.real.oracle import Dialled, Foreseen, TooCloseError, foresee
from tests.real.rig import Rig

NEAR = 0.4
"""Seconds by which a busy machine is later than the forecast."""


@pytest.mark.parametrize("seed", [11, 12, 14])
async def test_the_forecast_of_a_company_drawn_by_dice(seed: int) -> None:
    """Each call's steps, INVITEs, their times and its reason are as `route` said; `calls show` says it in its words."""
    await undisturbed(lambda: _company(seed))


async def _company(seed: int) -> None:
    dice = Random(seed)
    firm = draw(dice, departments=2)
    calls = _calls(dice, firm)
    async with Rig(firm.document(), desks=firm.desks, clients=_cards(calls)) as rig:
        offline = ",".join(f"{key}=offline" for key in sorted(firm.unregistered))
        assume = ["--assume", offline] if offline else []
        for number, (dialled, foreseen) in enumerate(calls, 1):
            asked = ["--line", dialled.line.number, "--from", dialled.caller]
            forecast = json.loads(await rig.run("route", *asked, *assume, "--json"))
            for one, behaviour in dialled.behaviours.items():
                if behaviour is not None:
                    rig.phone(firm.people[one].desk).behaviour = behaviour
            caller = await rig.trunk.dial(dialled.line.number, caller=dialled.caller)
            await caller.wait("ended", 20.0)
            rows = {row["line"]: row for row in await rig.ended(number, within=15.0)}
            _is_so(forecast, rows[dialled.line.number], foreseen)
            invited = Counter({one: len(_invites(rig, firm, one, dialled.caller)) for one in dialled.behaviours})
            assert +invited == _legs(forecast) == foreseen.invites, (forecast, dialled)
        explained = await rig.run("calls", "show", rows[dialled.line.number]["id"])
        assert _told(explained) == _told(await rig.run("route", *asked, *assume))


def _calls(dice: Random, firm: Firm) -> list[tuple[Dialled, Foreseen]]:
    found = []
    for number, line in enumerate(firm.lines):
        try:
            found.append(_call(dice, firm, line, number))
        except TooCloseError:
            continue
    return found


def _call(dice: Random, firm: Firm, line: Line, number: int) -> tuple[Dialled, Foreseen]:
    has_card = dice.random() < 0.7
    members = firm.departments[line.department].members
    dialled = Dialled(
        line=line,
        caller=f"+7916{number:03}{dice.randrange(10**4):04}",
        client=f"№ {number}" if has_card else None,
        responsible=dice.choice(members) if has_card else None,
        behaviours={one: None if one in firm.unregistered else rings() for one in sorted(firm.people)},
        leaves_at=None,
    )
    return dialled, foresee(firm, dialled)


def _cards(calls: list[tuple[Dialled, Foreseen]]) -> str:
    text = io.StringIO()
    table = csv.writer(text)
    table.writerow(["phone", "name", "responsible"])
    table.writerows([one.caller, one.client, one.responsible] for one, _ in calls if one.client)
    return text.getvalue()


def _invites(rig: Rig, firm: Firm, one: str, caller: str) -> list[object]:
    if one in firm.unregistered:
        return []
    return [call for call in rig.phone(firm.people[one].desk).calls if call.screens[0].number == caller]


def _legs(forecast: dict[str, Any]) -> Counter[str]:
    """Return how often each phone rings: whoever rings on in the next step has one end."""
    ends = {(one["person"], one["to"]) for step in forecast["steps"] for one in step["times"]}
    return Counter(person for person, _ in ends)


def _is_so(forecast: dict[str, Any], row: dict[str, Any], foreseen: Foreseen) -> None:
    """The ledger's steps and legs are those of the forecast, at its times."""
    assert forecast["lost_reason"] == row["lost_reason"] == foreseen.lost_reason
    skipped = [step["skipped"] for step in forecast["steps"]]
    assert skipped == [step["skipped"] for step in row["steps"]]
    assert [one is not None for one in skipped] == foreseen.skipped
    for said, was in zip(forecast["steps"], row["steps"], strict=True):
        assert (said["step"], said["action"], said["target"]) == (was["step"], was["action"], was["target"])
        _comes(row, was["started_at"], said["at"])
    begins = sorted((one["from"], one["person"]) for step in forecast["steps"] for one in _begun(step, row))
    legs = sorted((leg["person"], leg["started_at"]) for leg in row["legs"])
    for (person, started), (said_at, said_person) in zip(
        legs, sorted(begins, key=lambda one: (one[1], one[0])), strict=True
    ):
        assert person == said_person
        _comes(row, started, said_at)


def _begun(step: dict[str, Any], row: dict[str, Any]) -> list[dict[str, Any]]:
    """Return whose phones begin to ring in this step."""
    begun = {leg["person"] for leg in row["legs"] if leg["step"] == step["step"]}
    return [one for one in step["times"] if one["person"] in begun]


def _comes(row: dict[str, Any], instant: str, seconds: float) -> None:
    """So long after the call's arrival, or a little later."""
    arrived, came = at(row["arrived_at"]), at(instant)
    assert came - arrived + 0.001 >= seconds
    assert came.after(arrived) <= seconds + NEAR


def _told(text: str) -> list[str]:
    """Return the ladder's lines without their times."""
    return [line.split(maxsplit=1)[1] for line in text.splitlines() if "ring " in line[:20] or "add " in line[:20]]
