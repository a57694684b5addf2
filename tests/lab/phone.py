"""A SIP phone and a trunk, over real UDP, that remember everything they saw."""

from __future__ import annotations

import asyncio
import itertools
import re
from collections import deque
from typing import TYPE_CHECKING, Self

from tests.lab import standstill
from tests.lab.agent import Agent
from tests.lab.behaviour import Behaviour
from tests.lab.call import Call
from tests.lab.dialog import Dialog
from tests.lab.rtp import Stream
from tests.lab.sip import METHODS, Message, address, offer, parameter, token
from tests.lab.wire import Moment, Seen

if TYPE_CHECKING:
    from collections.abc import Mapping

_voices = itertools.count(1)


class Phone:
    """A phone with a number of the PBX, or a trunk.

    `behaviour` says what happens to the calls that come in and may be changed at any time; `then(…)` says it for the
    next ones. `rtp_interval`: seconds between audio packets, 0.02 as in life, more when a hundred talk at once.
    """

    def __init__(
        self, name: str, behaviour: Behaviour | None = None, *, display: str = "", rtp_interval: float = 0.02
    ) -> None:
        self.name = name
        self.display = display
        self.behaviour = behaviour or Behaviour()
        self.rtp_interval = rtp_interval
        self.voice = next(_voices)
        self.calls: list[Call] = []
        self.seen: list[Seen] = []
        self._next: deque[Behaviour] = deque()
        self._by_id: dict[str, Call] = {}
        self._incoming: asyncio.Queue[Call] = asyncio.Queue()
        self._tasks: set[asyncio.Task[None]] = set()
        self._agent = Agent(self._requested, self._saw)

    def __repr__(self) -> str:
        return f"<phone {self.name}>"

    async def open(self, host: str = "127.0.0.1", port: int = 0) -> Self:
        """Switch it on; port 0 takes a free one."""
        standstill.watch()
        await self._agent.open(host, port)
        return self

    async def close(self) -> None:
        """Switch it off, whatever goes on."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for call in self.calls:
            if call.sound:
                call.sound.close()
        self._agent.close()

    @property
    def port(self) -> int:
        """Its UDP port: the contact for the PBX's configuration."""
        return self._agent.port

    @property
    def host(self) -> str:
        """Its address."""
        return self._agent.host

    @property
    def pbx(self) -> tuple[str, int]:
        """Where the PBX hears SIP."""
        return self._agent.pbx

    @pbx.setter
    def pbx(self, value: tuple[str, int]) -> None:
        self._agent.pbx = value

    @property
    def powerless(self) -> bool:
        """Whether it is without power: hears nothing and sends nothing."""
        return self._agent.deaf

    @powerless.setter
    def powerless(self, value: bool) -> None:
        self._agent.deaf = value

    # What it saw.

    @property
    def invites(self) -> list[Seen]:
        """The INVITEs that began a call here, each once."""
        return [seen for seen in self._received("INVITE") if not parameter(seen.message.get("To"), "tag")]

    @property
    def cancels(self) -> list[Seen]:
        """The CANCELs that came."""
        return self._received("CANCEL")

    @property
    def byes(self) -> list[Seen]:
        """The BYEs that came."""
        return self._received("BYE")

    def _received(self, method: str) -> list[Seen]:
        return [s for s in self.seen if not s.sent and s.message.is_request and s.message.method == method]

    @property
    def ringing(self) -> list[Call]:
        """Calls that ring here now."""
        return [call for call in self.calls if not call.outgoing and call.state == "ringing"]

    @property
    def talking(self) -> list[Call]:
        """Calls that are up here now."""
        return [call for call in self.calls if call.state == "answered"]

    def forget_what_is_over(self) -> None:
        """Forget what it saw and the calls that are over: who takes thousands of calls cannot remember them all."""
        self.seen.clear()
        self.calls = [call for call in self.calls if not call.ended_at]
        self._by_id = {call.id: call for call in self.calls}

    def forget(self) -> None:
        """Forget, besides, what it was told to do, and the calls that came in and that nobody asked for."""
        self.forget_what_is_over()
        self._next.clear()
        self._incoming = asyncio.Queue()

    # What a person does with it.

    def then(self, *behaviours: Behaviour) -> None:
        """Behave so for the next calls, one each."""
        self._next.extend(behaviours)

    async def incoming(self, within: float = 10.0) -> Call:
        """Give the next incoming call, waiting for it; each is given once."""
        try:
            async with standstill.patience(within):
                return await self._incoming.get()
        except TimeoutError:
            raise AssertionError(f"{self!r}: no call came in {within} s") from None

    async def dial(self, target: str, *, caller: str | None = None, name: str | None = None,
                   headers: Mapping[str, str] | None = None) -> Call:  # fmt: skip
        """Call `target` at the PBX, as `caller` (From user) with the display `name`; returns once the INVITE is out."""
        sound = await Stream.open(self.host, self.voice, self.rtp_interval)
        who, shown = caller if caller is not None else self.name, self.display if name is None else name
        quoted = '"{}" '.format(shown.replace("\\", "\\\\").replace('"', '\\"')) if shown else ""
        uri = f"sip:{target}@{self.pbx[0]}:{self.pbx[1]}"
        local = f"{quoted}<sip:{who}@{self.host}:{self.port}>;tag={token()}"
        dialog = Dialog(self._agent, local, f"<{uri}>", f"{token()}@{self.host}", uri)
        invite = dialog.request("INVITE", offer(self.host, sound.port), tuple((headers or {}).items()))
        call = self._remember(Call(self, dialog, invite, outgoing=True))
        call.sound = sound
        self._agent.request(invite, call.answered_by_them)
        return call

    # What the network brings.

    def _saw(self, sent: bool, message: Message) -> None:
        self.seen.append(Seen(Moment.now(), sent, message))

    def _remember(self, call: Call) -> Call:
        self.calls.append(call)
        self._by_id[call.id] = call
        return call

    def _requested(self, request: Message) -> None:
        call = self._by_id.get(request.call_id)
        if request.method == "INVITE" and call is None:
            self._ring(request)
        elif request.method == "OPTIONS":
            self._agent.reply(request, request.reply(200, tag=token(), headers=(("Allow", METHODS),)))
        elif call is None:
            if request.method != "ACK":
                self._agent.reply(request, request.reply(481, tag=token()))
        else:
            self._inside(call, request)

    def _inside(self, call: Call, request: Message) -> None:
        """A request inside a call."""
        if request.method in {"INVITE", "UPDATE"}:
            call.reoffered(request)
            return
        if request.method == "ACK":
            return
        self._agent.reply(request, request.reply(200))
        if request.method == "BYE":
            call.bye = self.seen[-2]  # the last one is our answer
            call.end(by_us=False)
        elif request.method == "CANCEL":
            call.cancelled_by_them(self.seen[-2])
        elif request.method == "NOTIFY" and (found := re.match(r"SIP/2\.0 (\d+)", request.body)):
            call.transferred(int(found[1]))

    def _ring(self, invite: Message) -> None:
        local = f"{invite.get('To')};tag={token()}"
        dialog = Dialog(self._agent, local, invite.get("From"), invite.call_id, address(invite.get("Contact")))
        behaviour = self._next.popleft() if self._next else self.behaviour
        engaged = any(call.state == "answered" for call in self.calls)
        call = self._remember(Call(self, dialog, invite, outgoing=False))
        call.crosses = behaviour.crosses
        if behaviour.silent:
            self._incoming.put_nowait(call)
            return
        self._agent.reply(invite, invite.reply(100))
        if behaviour.one_call and engaged:
            behaviour = Behaviour(ring_after=None, final=486)
        task = asyncio.get_running_loop().create_task(self._behave(call, behaviour), name=f"{self.name} {call.id}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _behave(self, call: Call, behaviour: Behaviour) -> None:
        """Do with the call what the behaviour says, as long as it is there."""
        call.sound = await Stream.open(self.host, self.voice, self.rtp_interval)
        self._incoming.put_nowait(call)
        if call.cancel:  # came together with the INVITE, as after a standstill of this machine
            call.answer()
        steps = [(behaviour.ring_after, call.ring), (behaviour.answer_after, call.answer)]
        if behaviour.final is not None:
            code = behaviour.final
            steps.append((behaviour.final_after, lambda: call.reject(code, forward_to=behaviour.forward_to)))
        for after, act in sorted(((a, s) for a, s in steps if a is not None), key=lambda step: step[0]):
            if await self._over(call, call.invited_at.mono + after):
                break
            act()
        if call.answered_at and behaviour.hangup_after is not None:
            await self._over(call, call.answered_at.mono + behaviour.hangup_after)
            call.let_go()
        if call.ended_at:
            call.sound.close()

    async def _over(self, call: Call, instant: float) -> bool:
        """Wait for an instant of the monotonic clock; true at once when the call ends before."""
        left = instant - Moment.now().mono
        if left > 0 and not call.ended_at:
            await call.lasts(left)
        return call.ended_at is not None


class Trunk(Phone):
    """The provider's side: calls lines with any number in From. `await trunk.dial("+74951234567", caller="8916…")`."""
