"""Ports that belong to one instance only, also when several test processes run on this machine."""

from __future__ import annotations

import fcntl
import os
import socket
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from tests.lab.root import LabError

FIRST = 10_000  # below the ports the kernel gives away by itself
WIDTH = 2_000  # SIP, HTTP and 990 RTP streams
COUNT = 11


@dataclass(frozen=True, slots=True)
class Slot:
    """A range of ports, held by an open lock file."""

    number: int
    lock: IO[str]

    @property
    def sip(self) -> int:
        """The UDP port SIP is heard on."""
        return FIRST + self.number * WIDTH

    @property
    def http(self) -> int:
        """The TCP port ARI is served on."""
        return self.sip + 1

    @property
    def rtp(self) -> tuple[int, int]:
        """First and last UDP port of the audio."""
        return self.sip + 20, self.sip + WIDTH - 1

    def release(self) -> None:
        """Let others have it."""
        self.lock.close()


def take(*, patience: float = 60.0) -> Slot:
    """Take a free slot, waiting up to `patience` seconds for one."""
    folder = Path(tempfile.gettempdir()) / f"callrouter-slots-{os.getuid()}"  # ports are the machine's, not a cache's
    folder.mkdir(mode=0o700, exist_ok=True)
    end = time.monotonic() + patience
    while time.monotonic() < end:
        for number in range(COUNT):
            file = (folder / str(number)).open("w")
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                file.close()
                continue
            slot = Slot(number, file)
            if _free(slot):
                return slot
            file.close()
        time.sleep(0.2)  # nothing tells when another process lets go
    raise LabError(f"all {COUNT} port ranges from {FIRST} on are taken; stop other runs of the tests")


def _free(slot: Slot) -> bool:
    try:
        with (
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sip,
            socket.socket(socket.AF_INET, socket.SOCK_STREAM) as http,
        ):
            http.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            sip.bind(("127.0.0.1", slot.sip))
            http.bind(("127.0.0.1", slot.http))
    except OSError:
        return False
    return True
