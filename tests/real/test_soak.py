"""The soak of `make soak`, for two minutes: each kind of fault once."""

from __future__ import annotations

import secrets

import pytest

from tests.soak.faults import KINDS
from tests.soak.soak import soak

SECONDS, RATE, FAULT_EVERY = 120.0, 10.0, 15.0


@pytest.mark.timeout(600)
async def test_two_minutes_in_which_everything_breaks() -> None:
    """What the phones saw is what the ledger and Asterisk's records say, whatever breaks, and nothing is left over."""
    seed = secrets.randbelow(10**6)
    print(f"seed {seed}")
    result = await soak(SECONDS, RATE, FAULT_EVERY, seed, print)
    assert {one.kind for one in result.faults} == KINDS
    assert result.is_fine
