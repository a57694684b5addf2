"""The transport of a SIP phone: one UDP socket, transactions, retransmissions."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from typing import Any, cast

from tests.lab.sip import Message, parse

T1 = 0.5  # seconds to the first retransmission
T2 = 4.0  # seconds between retransmissions at most
PATIENCE = 32.0  # seconds until a request counts as lost
REMEMBERED = 5_000  # transactions each way: who has more of them in PATIENCE is no phone

Answer = Callable[[Message | None], None]


class Agent(asyncio.DatagramProtocol):
    """Sends and receives SIP; duplicates never reach the phone.

    `on_request` is called for each new request, `on_wire(sent, message)` for everything that passes.
    """

    def __init__(self, on_request: Callable[[Message], None], on_wire: Callable[[bool, Message], None]) -> None:
        self._on_request = on_request
        self._on_wire = on_wire
        self._transport: asyncio.DatagramTransport | None = None
        self._timers: dict[tuple[str, ...], asyncio.TimerHandle] = {}
        self._waiting: dict[tuple[str, str], Answer] = {}
        self._asked: dict[tuple[str, str], Message] = {}
        self._replies: dict[tuple[str, str], bytes | None] = {}
        self.pbx = ("127.0.0.1", 0)
        self.deaf = False  # a phone that is switched off: hears and says nothing

    async def open(self, host: str, port: int) -> None:
        """Bind the socket; port 0 takes a free one."""
        bound = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        bound.setblocking(False)
        bound.bind((host, port))
        await asyncio.get_running_loop().create_datagram_endpoint(lambda: self, sock=bound)

    @property
    def host(self) -> str:
        """The address it is bound to."""
        assert self._transport is not None
        return cast("str", self._transport.get_extra_info("sockname")[0])

    @property
    def port(self) -> int:
        """The UDP port it is bound to."""
        assert self._transport is not None
        return cast("int", self._transport.get_extra_info("sockname")[1])

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Asyncio calls this when the socket is there."""
        self._transport = cast("asyncio.DatagramTransport", transport)

    def error_received(self, exc: Exception) -> None:
        """Nobody listens at the other end; the retransmissions run out by themselves."""

    def close(self) -> None:
        """Stop all timers and give the port back."""
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
        if self._transport:
            self._transport.close()

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Sort a packet: a duplicate is answered again, a response goes to who asked, a request to the phone."""
        del addr
        message = None if self.deaf else parse(data)
        if message is None:
            return
        if not message.is_request:
            self._response(message)
            return
        key = (message.branch, message.method)
        if key in self._replies:
            if reply := self._replies[key]:
                self._send(reply)
            return
        self._on_wire(False, message)
        if message.method == "ACK":
            self._settle(("reply", message.call_id, str(message.cseq)))
        else:
            self._replies[key] = None
            _forget_oldest(self._replies)
        self._on_request(message)

    def _response(self, message: Message) -> None:
        key = (message.branch, message.method)
        self._settle(("request", *key))
        if key not in self._asked:
            return
        self._on_wire(False, message)
        request = self._asked[key]
        if message.method == "INVITE" and message.status >= 300:
            self._acknowledge(request, message)
        if answer := self._waiting.get(key):
            if message.status >= 200 and not (message.method == "INVITE" and message.status < 300):
                del self._waiting[key]  # a 2xx to INVITE may come again and is acknowledged again
            answer(message)

    def _acknowledge(self, request: Message, response: Message) -> None:
        headers = [("Via", request.get("Via")), ("Max-Forwards", "70"), ("From", request.get("From"))]
        headers += [("To", response.get("To")), ("Call-ID", request.call_id), ("CSeq", f"{request.cseq} ACK")]
        self.send(Message(f"ACK {request.uri} SIP/2.0", headers))

    def send(self, message: Message) -> None:
        """Send once."""
        self._on_wire(True, message)
        self._send(message.encode())

    def request(self, message: Message, answer: Answer) -> None:
        """Send a request until a response comes; `answer` gets each response, None when none came."""
        key = (message.branch, message.method)
        self._waiting[key] = answer
        self._asked[key] = message
        self._waiting.pop(_forget_oldest(self._asked), None)
        self._on_wire(True, message)
        self._repeat(("request", *key), message.encode(), T1, PATIENCE)

    def reply(self, request: Message, response: Message) -> None:
        """Answer a request; final answers to INVITE are repeated until they are acknowledged."""
        packet = response.encode()
        self._replies[(request.branch, request.method)] = packet
        self._on_wire(True, response)
        if request.method == "INVITE" and response.status >= 200:
            self._repeat(("reply", request.call_id, str(request.cseq)), packet, T1, PATIENCE)
        else:
            self._send(packet)

    def _repeat(self, key: tuple[str, ...], packet: bytes, after: float, left: float) -> None:
        if left <= 0:
            self._settle(key)
            if key[0] == "request" and (answer := self._waiting.pop((key[1], key[2]), None)):
                answer(None)
            return
        self._send(packet)
        following = min(after * 2, T2)
        loop = asyncio.get_running_loop()
        self._timers[key] = loop.call_later(after, self._repeat, key, packet, following, left - after)

    def _settle(self, key: tuple[str, ...]) -> None:
        if timer := self._timers.pop(key, None):
            timer.cancel()

    def _send(self, packet: bytes) -> None:
        if self._transport and not self._transport.is_closing() and not self.deaf:
            self._transport.sendto(packet, self.pbx)


def _forget_oldest(kept: dict[tuple[str, str], Any]) -> tuple[str, str]:
    """Forget the oldest of too many; return which."""
    oldest = next(iter(kept))
    if len(kept) > REMEMBERED:
        del kept[oldest]
        return oldest
    return "", ""
