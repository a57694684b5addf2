"""The network lies about one kind of request at a time: every caller is served, and the ledger has what was seen."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.lab import Desk, answers
from tests.lab.liar import Liar
from tests.real.lies import CLIMB, COMPANY, FAULTS, KINDS, STEPS, UNKNOWN, VAIN, Course, Seen, desks, document, place
from tests.real.rig import Rig, legs

pytestmark = pytest.mark.asyncio(loop_scope="module")

LOST = 2.0
"""Seconds that a lie may cost."""


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def lied() -> AsyncIterator[tuple[Rig, Liar]]:
    """A router behind a liar, with a line and two phones for each kind of request."""
    liar = Liar()
    phones: list[str | Desk] = [*(desk for kind in KINDS for desk in desks(kind)), "900"]
    async with Rig(document(), desks=phones, company=COMPANY, rtp_interval=0.05, ari=liar) as rig:
        rig.lab.phone("900").behaviour = answers()
        yield rig, liar


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_lie_about_each_kind_of_request(lied: tuple[Rig, Liar], fault: str) -> None:
    """Refused, lost, late or denied though done: callers talk, or are told; phones fall silent; nothing is left."""
    rig, liar = lied
    for seen in await asyncio.gather(*(place(rig, liar, kind, fault) for kind in KINDS)):
        _is_served(seen)
        _is_as_the_phones_saw_it(seen, [rig.lab.phone(desk).name for desk in desks(seen.kind)])
    await rig.lab.asterisk.audit()
    assert not [line for line in rig.router.log if "Traceback" in line]


def _is_served(seen: Seen) -> None:
    """The caller hears something at once, and what he should in the end; no phone goes on without him."""
    call, course = seen.call, KINDS[seen.kind][1]
    assert seen.told, f"no request of the kind {seen.kind} was made"
    first = call.ringing_at or call.answered_at or call.ended_at
    assert first is not None
    assert first.after(call.invited_at) < LOST, f"{seen.kind}: silence"
    end = call.answered_at or call.ended_at
    assert end is not None
    assert end.after(call.invited_at) < sum(STEPS) + 0.3 + LOST, f"{seen.kind}: late"
    assert seen.quiet < LOST, f"{seen.kind}: a phone went on for {seen.quiet:.1f} s"
    one, two = desks(seen.kind)
    expected: dict[Course, set[str | None]] = {VAIN: {None}, UNKNOWN: {"900"}, CLIMB: {two}}
    assert seen.talked_with in expected.get(course, {one, two}), f"{seen.kind}: {seen.talked_with}"
    assert call.status == (480 if course is VAIN else 200)


def _is_as_the_phones_saw_it(seen: Seen, names: list[str]) -> None:
    """One outcome; who was never called is no leg that rang, and nobody has declined."""
    row, course = seen.row, KINDS[seen.kind][1]
    if course is UNKNOWN:
        assert (row["outcome"], row["lost_reason"], row["legs"]) == ("lost", "failure", [])
        return
    if course is VAIN:
        assert (row["outcome"], row["lost_reason"]) == ("lost", "no_answer")
    else:
        talked = "ab"[names.index(seen.talked_with or "")]
        assert (row["outcome"], row["answered_by"][0]) == ("answered", talked)
    for person, results in legs(row).items():
        rang = seen.rang[person[0]]
        assert len(results) == 1, f"{seen.kind}: {results}"
        assert rang == (results != ["unreachable"]), f"{seen.kind}: {person} {results}, rang: {rang}"
        assert (results == ["answered"]) == (row["answered_by"] == person)
        assert "declined" not in results
