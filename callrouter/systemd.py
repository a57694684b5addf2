"""What systemd is told of us, where it started us: that we are up, what we do, that we are not stuck (sd_notify(3)).

The protocol is one datagram of lines to a socket; nothing is sent where NOTIFY_SOCKET is not set.
"""

from __future__ import annotations

import asyncio
import os
import socket
from contextlib import suppress

READY = "READY=1"
STOPPING = "STOPPING=1"
_AWAKE = "WATCHDOG=1"


def tell(*lines: str) -> None:
    """Send these lines; who does not listen misses nothing that matters."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address.startswith(("/", "@")):
        return
    if address.startswith("@"):  # an abstract one
        address = f"\0{address[1:]}"
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as there:
        there.settimeout(0.0)
        there.sendto("\n".join(lines).encode(), address)


def watched() -> float | None:
    """Return after how many seconds without a sign systemd takes us for stuck; None: it does not watch us."""
    told, whom = os.environ.get("WATCHDOG_USEC", ""), os.environ.get("WATCHDOG_PID", "")
    if not told.isdecimal() or int(told) == 0 or (whom and whom != str(os.getpid())):
        return None
    return int(told) / 1_000_000


async def stay_awake() -> None:
    """Give a sign twice as often as needed, until cancelled; from the event loop: when it hangs, there is none."""
    limit = watched()
    while limit is not None:
        tell(_AWAKE)
        await asyncio.sleep(limit / 2)
