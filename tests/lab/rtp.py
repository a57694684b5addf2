"""Real audio packets, sent in an interval and counted when they come in."""

from __future__ import annotations

import asyncio
import secrets
import struct
import time
from collections import Counter
from typing import cast

from tests.lab import standstill

HEADER = struct.Struct("!BBHII")
VOICE = struct.Struct("!HI")
"""The voice, and the packet's number: Asterisk numbers the packets it sends on anew, and so hides what is missing."""
SAMPLES = 160  # 20 ms of PCMU
EVENT = struct.Struct("!BBH")
"""A key: which one, whether it is released (and how loud it was), and for how long it was pressed."""
TELEPHONE_EVENT = 101
KEYS = "0123456789*#"


class Stream(asyncio.DatagramProtocol):
    """One end of a conversation's audio.

    `voice` is a number that fills the packets this end sends, so that the other end can tell whom it hears;
    `heard` counts packets by voice. Times are those of `time.monotonic()`, intervals are seconds.
    """

    def __init__(self, voice: int, interval: float) -> None:
        self.voice = voice
        self.interval = interval
        self.sent = 0
        self.signalled = 0
        """Packets that were keys (RFC 4733), and no voice."""
        self.received = 0
        self.heard: Counter[int] = Counter()
        self.missing = 0
        """The most packets in a row that one voice sent and that did not come in."""
        self._last: dict[int, int] = {}
        self.first_at: float | None = None
        self.last_at: float | None = None
        self.sending_to: tuple[str, int] | None = None
        self._source = secrets.randbits(32)
        self._transport: asyncio.DatagramTransport | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._changed = asyncio.Event()

    @classmethod
    async def open(cls, host: str, voice: int, interval: float) -> Stream:
        """Bind a free port."""
        stream = cls(voice, interval)
        await asyncio.get_running_loop().create_datagram_endpoint(lambda: stream, local_addr=(host, 0))
        return stream

    @property
    def port(self) -> int:
        """The UDP port audio is received on."""
        assert self._transport is not None
        return cast("int", self._transport.get_extra_info("sockname")[1])

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Asyncio calls this when the socket is there."""
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Count a packet."""
        del addr
        if len(data) < HEADER.size + VOICE.size or data[1] & 0x7F:  # only PCMU has a voice in it
            return
        self.received += 1
        voice, number = VOICE.unpack_from(data, HEADER.size)
        self.heard[voice] += 1
        self.missing = max(self.missing, number - self._last.get(voice, number - 1) - 1)
        self._last[voice] = number
        self.last_at = time.monotonic()
        self.first_at = self.first_at or self.last_at
        self._changed.set()

    def error_received(self, exc: Exception) -> None:
        """The other end has closed its port: nothing to do, the SIP side says when the call is over."""

    def send_to(self, target: tuple[str, int] | None) -> None:
        """Begin to talk to `target`, or fall silent."""
        self.sending_to = target
        if target is None and self._timer:
            self._timer.cancel()
            self._timer = None
        elif target is not None and self._timer is None:
            self._tick()

    def _tick(self) -> None:
        if self._transport is None or self._transport.is_closing() or self.sending_to is None:
            return
        sequence = (self.sent + self.signalled) & 0xFFFF
        header = HEADER.pack(0x80, 0, sequence, self.sent * SAMPLES & 0xFFFFFFFF, self._source)
        payload = VOICE.pack(self.voice, self.sent).ljust(SAMPLES, b"\xff")
        self._transport.sendto(header + payload, self.sending_to)
        self.sent += 1
        self._timer = asyncio.get_running_loop().call_later(self.interval, self._tick)

    async def press(self, key: str) -> None:
        """Press a key for 100 ms (RFC 4733), the last packet three times."""
        begun = self.sent * SAMPLES & 0xFFFFFFFF
        for number in range(1, 8):
            if self._transport is None or self.sending_to is None:
                return
            ends, lasts = number >= 5, min(number, 5) * SAMPLES
            sequence, marker = (self.sent + self.signalled) & 0xFFFF, 0x80 if number == 1 else 0
            header = HEADER.pack(0x80, marker | TELEPHONE_EVENT, sequence, begun, self._source)
            event = EVENT.pack(KEYS.index(key), 0x8A if ends else 0x0A, lasts)
            self._transport.sendto(header + event, self.sending_to)
            self.signalled += 1
            if not ends:
                await asyncio.sleep(0.02)

    async def hear(self, voice: int, packets: int, within: float) -> None:
        """Wait until `packets` more packets of that voice have come in."""
        wanted = self.heard[voice] + packets
        async with standstill.patience(within):
            while self.heard[voice] < wanted:
                self._changed.clear()
                await self._changed.wait()

    async def hear_anybody(self, packets: int, within: float) -> None:
        """Wait until so many packets have come in since the beginning, whoever's they are."""
        async with standstill.patience(within):
            while self.received < packets:
                self._changed.clear()
                await self._changed.wait()

    def close(self) -> None:
        """Fall silent and give the port back."""
        self.send_to(None)
        if self._transport:
            self._transport.close()
