"""`python -m tests.soak --seconds N --rate R --seed S`: exit 0 when both sides tell the same, else 1 and how not."""

from __future__ import annotations

import argparse
import asyncio
import secrets
import sys

from tests.soak.faults import KINDS
from tests.soak.soak import soak

MINUTE = 60.0
AT_LEAST = 15.0
"""Seconds from one fault to the next in a short soak, in which each kind has its turn."""


def main() -> int:
    """Run it."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--seconds", type=float, default=1800.0)
    parser.add_argument("--rate", type=float, default=10.0, help="calls a second")
    parser.add_argument("--seed", type=int, default=None)
    given = parser.parse_args()
    seed = secrets.randbelow(10**6) if given.seed is None else given.seed
    every = max(AT_LEAST, min(MINUTE, given.seconds / (len(KINDS) + 1)))
    print(f"soak: {given.seconds:.0f} s, {given.rate:g} calls/s, a fault every {every:.0f} s, seed {seed}", flush=True)
    result = asyncio.run(soak(given.seconds, given.rate, every, seed, lambda line: print(line, flush=True)))
    return int(not result.is_fine)


if __name__ == "__main__":
    sys.exit(main())
