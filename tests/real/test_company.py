"""Companies that nobody thought of: what the contract foresees is what the phones see and what the ledger says."""

from __future__ import annotations

import asyncio
import csv
import io
from collections import Counter
from random import Random
from typing import Any

import pytest

from tests.lab import Behaviour, Call, answers, refuses, rejects, rings, silent, undisturbed
from tests.real.generated import FIRST, Firm, Line, draw
from tests.real.oracle import Dialled, Foreseen, TooCloseError, foresee
from tests.real.rig import Rig

UNIT = 1.0
"""Seconds of the shortest step: long against what a busy machine is late by."""
AT_MOST = 60.0
"""Seconds a call may take, of which its ladder has up to 24."""
PACKETS = 25
"""Of 20 ms each: half a second of talk."""
WITHOUT_RINGING = {486: "busy", 302: "forwarded", 480: "unreachable"}
STATUS = {"no_answer": 480, "unreachable": 480, "abandoned": 487, None: 200}


@pytest.mark.parametrize("seed", [1, 2, 3, 4, 5])
async def test_a_company_drawn_by_dice(seed: int) -> None:
    """Outcome, winner, reason, steps and the INVITEs of every phone are as foreseen; the ledger equals the phones."""
    await undisturbed(lambda: _company(seed))


async def _company(seed: int) -> None:
    dice = Random(seed)
    firm = draw(dice, unit=UNIT)
    calls = [_dialled(dice, firm, line, number) for number, line in enumerate(firm.lines)]
    placed: dict[str, Call] = {}
    async with Rig(firm.document(), desks=firm.desks, clients=_cards(calls)) as rig:
        for batch in _batches(calls):
            callers = await asyncio.gather(*(_place(rig, firm, *call) for call in batch))
            placed |= {dialled.line.number: caller for (dialled, _), caller in zip(batch, callers, strict=True)}
        rows = {row["line"]: row for row in await rig.ended(len(calls), within=15.0)}
        for dialled, foreseen in calls:
            row = rows[dialled.line.number]
            _as_foreseen(row, firm, dialled, foreseen)
            assert placed[dialled.line.number].status == STATUS[row["lost_reason"]]
            for one in dialled.behaviours:
                _as_the_phone_saw_it(_calls_of(rig, firm, one, dialled), firm, row, one, dialled)


def _cards(calls: list[tuple[Dialled, Foreseen]]) -> str:
    text = io.StringIO()
    table = csv.writer(text, delimiter=";")
    table.writerow(["phone", "name", "responsible"])
    table.writerows([one.caller, one.client, one.responsible] for one, _ in calls if one.client)
    return text.getvalue()


def _dialled(dice: Random, firm: Firm, line: Line, number: int) -> tuple[Dialled, Foreseen]:
    """Draw a call that has one outcome."""
    team = firm.departments[line.department]
    staff = sorted({*team.members, *filter(None, [team.head])})
    owner = {firm.owner} if firm.owner and any(step.target == "owner" for step in line.ladder) else set()
    people = sorted({*staff, *owner})
    while True:
        has_card = dice.random() < 0.7
        dialled = Dialled(
            line=line,
            caller=f"+7916{number:03}{dice.randrange(10**4):04}",
            client=f"{dice.choice(FIRST)}, № {number}" if has_card else None,
            responsible=dice.choice([*staff, None]) if has_card else None,
            behaviours={one: None if one in firm.unregistered else _behaviour(dice) for one in people},
            leaves_at=dice.uniform(UNIT, 7 * UNIT) if dice.random() < 0.2 else None,
        )
        try:
            return dialled, foresee(firm, dialled)
        except TooCloseError:
            continue


def _behaviour(dice: Random) -> Behaviour:
    after = round(dice.uniform(0.5, 4.0) * UNIT, 2)
    return dice.choice(
        [
            rings(), rings(), rings(), answers(after), answers(after), refuses(dice.choice((603, 486, 480)), after),
            rejects(486), rejects(480), rejects(302), silent(),
        ]
    )  # fmt: skip


def _batches(calls: list[tuple[Dialled, Foreseen]]) -> list[list[tuple[Dialled, Foreseen]]]:
    """Put calls together that want nobody in common."""
    batches: list[tuple[set[str], list[tuple[Dialled, Foreseen]]]] = []
    for call in calls:
        wanted = set(call[0].behaviours)
        free = next((batch for batch in batches if not batch[0] & wanted), None)
        if free is None:
            batches.append((wanted, [call]))
        else:
            free[0].update(wanted)
            free[1].append(call)
    return [batch for _, batch in batches]


async def _place(rig: Rig, firm: Firm, dialled: Dialled, foreseen: Foreseen) -> Call:
    """Let the call happen, and the phones come to rest."""
    for one, behaviour in dialled.behaviours.items():
        if behaviour is not None:
            rig.phone(firm.people[one].desk).behaviour = behaviour
    caller = await rig.trunk.dial(dialled.line.number, caller=dialled.caller)
    if foreseen.answered_by is not None:
        await caller.wait("answered", AT_MOST)
        await caller.hears(rig.phone(firm.people[foreseen.answered_by].desk), PACKETS)
        await caller.hangup()
    elif foreseen.lost_reason == "abandoned":
        assert dialled.leaves_at is not None
        await asyncio.sleep(dialled.leaves_at)  # that is when he leaves, whatever happens
        await caller.hangup()
    await caller.wait("ended", AT_MOST)
    for one, behaviour in dialled.behaviours.items():
        for call in _calls_of(rig, firm, one, dialled):
            if behaviour is not None and behaviour.silent:
                call.let_go()  # Asterisk cannot cancel what was never acknowledged
            await call.wait("ended", 2.0)
    return caller


def _calls_of(rig: Rig, firm: Firm, one: str, dialled: Dialled) -> list[Call]:
    """Return what came to somebody's phone of this call."""
    if dialled.behaviours[one] is None:
        return []
    phone = rig.phone(firm.people[one].desk)
    return [call for call in phone.calls if call.screens[0].number == dialled.caller]


def _as_foreseen(row: dict[str, Any], firm: Firm, dialled: Dialled, foreseen: Foreseen) -> None:
    """The ledger says what the contract does."""
    keys = ("outcome", "answered_by", "answered_step", "lost_reason", "lost_step")
    told = {key: row[key] for key in keys}
    assert told == {key: getattr(foreseen, key) for key in keys}, (dialled, firm.ring_at_most)
    assert [step["skipped"] is not None for step in row["steps"]] == foreseen.skipped, dialled
    assert Counter(leg["person"] for leg in row["legs"]) == foreseen.invites, (row, dialled)
    assert (row["caller"], row["client"], row["responsible"]) == (dialled.caller, dialled.client, dialled.responsible)
    members = firm.departments[dialled.line.department].members
    claims = firm.claim_after <= PACKETS * 0.02 and foreseen.answered_by in members and not dialled.responsible
    assert row["claimed_by"] == (foreseen.answered_by if claims else None)


def _as_the_phone_saw_it(calls: list[Call], firm: Firm, row: dict[str, Any], one: str, dialled: Dialled) -> None:
    """Each leg of the ledger is a call that the phone remembers in the same way."""
    legs = [leg for leg in row["legs"] if leg["person"] == one]
    assert len(legs) == len(calls)
    shown = dialled.client or dialled.caller
    if dialled.responsible and dialled.responsible != one:
        shown += f" · {firm.people[dialled.responsible].name}"
    for leg, call in zip(legs, calls, strict=True):
        assert call.screens[0].name == shown
        behaviour = dialled.behaviours[one]
        assert behaviour is not None
        assert leg["result"] in _remembered(call, behaviour, row["lost_reason"]), (leg, call)


def _remembered(call: Call, behaviour: Behaviour, lost: str | None) -> set[str]:
    """Return what a leg may be called that the phone saw so."""
    if behaviour.silent:
        return {"unreachable", "elsewhere" if lost is None else "cancelled" if lost == "abandoned" else "unreachable"}
    if call.status == 200:
        return {"answered"}
    if call.cancelled:
        assert call.cancel_reason in {"", "Call completed elsewhere"} or "elsewhere" not in call.cancel_reason
        if call.cancel_reason == "Call completed elsewhere":
            return {"elsewhere"}
        return {"no_answer", "cancelled"} if lost == "abandoned" else {"no_answer"}
    return {"declined"} if call.ringing_at else {WITHOUT_RINGING[call.status]}
