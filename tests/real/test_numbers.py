"""Numbers as trunks write them: who calls, which line is called, and what happens to a line that nobody knows."""

from __future__ import annotations

import pytest

from tests.lab import Company
from tests.real.company import ANNAS, AT_ONCE, FALLBACK, LINES
from tests.real.house import House, talk
from tests.real.rig import LINE, Rig

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest.mark.parametrize(
    "written", [ANNAS, "+79161234567", "79161234567", "9161234567", "0079161234567", "81079161234567"]
)
async def test_a_caller_in_every_spelling(house: House, written: str) -> None:
    """However the trunk writes the number, the same client calls, and his manager rings."""
    call = await house.call("climb", written)
    (anna,) = await house.rings("anna")
    assert anna.shown.name == "ООО Ромашка"
    await call.hangup()
    row = await house.row()
    assert (row["caller"], row["caller_raw"], row["responsible"]) == ("+79161234567", written, "anna")


@pytest.mark.parametrize(
    ("written", "caller"), [("anonymous", None), ("500", "500"), ("sip-probe", None), ("00000000", None)]
)
async def test_a_caller_without_a_number(house: House, written: str, caller: str | None) -> None:
    """A withheld number, a short one and nonsense: the ladder climbs, the letters are kept, nobody gets a card."""
    call = await house.call("climb", written)
    (anna,) = await house.rings("anna")
    anna.answer()
    await talk(call, anna, packets=40)
    await call.hangup()
    row = await house.row()
    assert (row["caller"], row["caller_raw"], row["answered_by"]) == (caller, written, "anna")
    assert (row["client"], row["claimed_by"]) == (None, None)


@pytest.mark.parametrize("written", [LINE, "74951234567", "84951234567", "4951234567"])
async def test_a_line_in_every_spelling(house: House, written: str) -> None:
    """However the trunk writes the line, the same ladder climbs, and the ledger calls the line as the scheme does."""
    assert LINES["climb"].number == LINE
    call = await house.trunk.dial(written, caller=ANNAS)
    await house.rings("anna")
    await call.hangup()
    row = await house.row()
    assert (row["line"], row["department"], row["responsible"]) == (LINE, "sales", "anna")


async def test_an_unknown_line_goes_to_the_fallback(house: House) -> None:
    """A line the scheme does not know is served by the dialplan's fallback; the row says that we failed."""
    call = await house.trunk.dial("+74957654321", caller=ANNAS)
    (reception,) = await house.rings("201")
    reception.answer()
    await talk(call, reception)
    row = await house.row()
    assert (row["line"], row["department"]) == ("+74957654321", None)
    assert (row["outcome"], row["lost_reason"]) == ("lost", "failure")
    assert (row["steps"], row["legs"], row["lost_step"], row["caller"]) == ([], [], None, "+79161234567")
    await call.hangup()


class Unschemed(Rig):
    """A rig whose router was never given a scheme."""

    async def _prepare(self) -> None:
        """Nothing is applied."""
        await self.run("db", "upgrade")


async def test_without_a_scheme_calls_go_to_the_fallback() -> None:
    """A router without a scheme runs, and sends every call on to the fallback at once."""
    async with Unschemed(desks=["101", "201"], company=Company(fallback=FALLBACK)) as rig:
        call = await rig.trunk.dial(LINE, caller=ANNAS)
        reception = await rig.lab.phone("201").incoming()
        assert reception.invited_at.after(call.invited_at) < AT_ONCE
        reception.answer()
        await talk(call, reception)
        await call.hangup()
        (row,) = await rig.ended(1)
        assert (row["outcome"], row["lost_reason"], row["scheme_revision"]) == ("lost", "failure", None)
