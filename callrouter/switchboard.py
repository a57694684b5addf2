"""The shell around the machine: one task a call, one event at a time, no locks. Written down first, then done."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import structlog

from callrouter.core import commands as cm, events as ev
from callrouter.core.call import Call, Phase
from callrouter.core.facts import Arrival
from callrouter.core.machine import advance, arrive, deadline
from callrouter.core.outcome import CallRow, row
from callrouter.core.words import CallId, Instant, LegId, PersonId, Release

log = structlog.get_logger()


class Phone(Protocol):
    """Whoever makes phones ring."""

    async def perform(self, call: CallId, command: cm.Command) -> ev.Event | None:
        """Do it within a bounded time; return the event it makes by itself. Never raises for a refusal."""
        ...

    def forget(self, call: CallId) -> None:
        """The call is over."""
        ...


class Journal(Protocol):
    """Where everything is written down before it is done."""

    def write(self, call: CallId, event: ev.Event, commands: tuple[cm.Command, ...]) -> None:
        """Write one record; never waits and never raises."""
        ...


class Directory(Protocol):
    """Who is free."""

    async def ask(self, call: Call, ask: cm.Ask) -> tuple[ev.Presence, ...]:
        """Return who can ring now, reserved for this call."""
        ...

    def observe(self, call: Call) -> None:
        """Take over what the call holds and wants."""
        ...

    def forget(self, call: CallId) -> None:
        """The call is over."""
        ...


@dataclass(slots=True)
class _Line:
    """A live call's place on the switchboard."""

    arrival: Arrival
    events: asyncio.Queue[ev.Event] = field(default_factory=asyncio.Queue)
    call: Call | None = None
    task: asyncio.Task[None] | None = None
    transfer: asyncio.Task[None] | None = None
    is_left: bool = False
    """The caller's leaving is among the events."""


class Switchboard:
    """All live calls of this worker."""

    def __init__(
        self,
        phone: Phone,
        journal: Journal,
        directory: Directory,
        receive: Callable[[Arrival], Awaitable[ev.CallArrived]],
        person_at: Callable[[str], PersonId | None],
        now: Callable[[], Instant],
        in_touch: Callable[[], Awaitable[object]],
        ended: Callable[[CallRow], None] = lambda _: None,
        is_inside: Callable[[str], bool] = lambda _: False,
    ) -> None:
        self._phone = phone
        self._journal = journal
        self._directory = directory
        self._receive = receive
        self._person_at = person_at
        self._now = now
        self._in_touch = in_touch  # at once, or when the phones can be reached again and the calls are still ours
        self._ended = ended
        self.is_inside = is_inside
        """Whether callers are transferred to a department there."""
        self._lines: dict[CallId, _Line] = {}
        self._expected: dict[CallId, Call] = {}
        self._moved = asyncio.Event()

    def __len__(self) -> int:
        return len(self._lines)

    def live(self) -> Iterator[Call]:
        """Yield the calls whose ladder has begun."""
        yield from (line.call for line in self._lines.values() if line.call is not None)

    def in_reception(self) -> Iterator[tuple[CallId, str]]:
        """Yield those that have just come, with their callers' channels."""
        for key, line in self._lines.items():
            if line.call is None and line.task is not None:
                yield key, line.arrival.asterisk_id

    def arrive(self, arrival: Arrival) -> None:
        """Begin a call of its own."""
        line = self._lines[arrival.call] = _Line(arrival)
        serving = self._guarded(arrival.call, line, self._serve(line))
        line.task = asyncio.create_task(serving, name=f"call {arrival.call}")

    def transfer(self, arrival: Arrival, leg: LegId) -> None:
        """Somebody has sent a call's caller to a department, to which that leg leads: he goes on there."""
        line = self._lines.get(arrival.call)
        if line is not None and line.call is not None:
            sending = self._transfer(replace(arrival, caller_raw=line.call.arrived.caller_raw), leg)
            line.transfer = asyncio.create_task(sending, name=f"transfer {arrival.call}")

    def transfer_instead(self, call: CallId, leg: LegId, asked: CallId) -> None:
        """Who asked a department while a caller waited has hung up before it answered: it rings for that caller."""
        line = self._lines.get(asked)
        if line is not None and line.call is not None and line.call.phase is Phase.CLIMBING:
            there = replace(line.arrival, call=call, at=self._now(), asterisk_id=line.call.caller)
            if self.is_inside(there.line):
                self.transfer(there, leg)

    def regain(self, arrival: Arrival, event: ev.Recovered, landed: asyncio.Event) -> None:
        """Go on with a call of which no record tells, as Asterisk has it, once its channels are ours."""
        line = self._lines[arrival.call] = _Line(arrival)
        serving = self._guarded(arrival.call, line, self._go_on(line, event, landed))
        line.task = asyncio.create_task(serving, name=f"call {arrival.call}")

    def expect(self, call: Call) -> None:
        """A call that was left behind is about to be adopted: until then what is delivered to it waits."""
        arrived = call.arrived
        arrival = Arrival(call.id, arrived.arrived_at, call.caller, arrived.line, arrived.caller_raw, "")
        self._lines.setdefault(call.id, _Line(arrival))
        self._expected[call.id] = call

    def adopt(self, call_id: CallId, event: ev.Recovered) -> None:
        """Go on with a call that was expected."""
        line, call, event = self._lines[call_id], self._expected.pop(call_id), self._with_person(event)
        line.call = call
        serving = self._guarded(call_id, line, self._converse(line, *advance(call, event), event))
        line.task = asyncio.create_task(serving, name=f"call {call_id}")

    def withdraw(self, call_id: CallId) -> None:
        """Let go of a call that another worker has: nothing more is done or written down about it."""
        if (line := self._lines.get(call_id)) is not None and line.task is not None:
            line.task.cancel()

    def abandon(self) -> None:
        """Let go of every call."""
        for call_id in self._lines:
            self.withdraw(call_id)

    def deliver(self, call: CallId, event: ev.Event) -> None:
        """Hand an event to its call; a call that is over hears no more."""
        if isinstance(event, ev.LegReplaced | ev.LeadsTo):
            event = replace(event, person=self._person_at(event.phone))
        if (line := self._lines.get(call)) is not None:
            line.events.put_nowait(event)
            line.is_left = line.is_left or isinstance(event, ev.CallerGone)

    def changed(self, call: CallId, person: PersonId) -> None:
        """Somebody this call waits for is perhaps free."""
        self.deliver(call, ev.PersonChanged(self._now(), person))

    async def nobody_waits(self) -> None:
        """Return when every live call is a conversation, or none is left."""
        while any(line.call is None or line.call.phase is not Phase.TALKING for line in self._lines.values()):
            self._moved.clear()
            await self._moved.wait()

    async def received(self) -> None:
        """Return once every call that has come by now is written down, or over."""
        coming = {key for key, _ in self.in_reception()}
        while coming & {key for key, _ in self.in_reception()}:
            self._moved.clear()
            await self._moved.wait()

    def hand_over(self) -> None:
        """Give every caller who still waits back to the dialplan's fallback; conversations stay up."""
        for call in self._lines:
            self.deliver(call, ev.RouterFailed(self._now(), "the router stops"))

    async def _transfer(self, arrival: Arrival, leg: LegId) -> None:
        """Find the ladder that awaits him as for any caller; whatever happens, the dialplan has one for him."""
        try:
            to = await self._receive(arrival)
        except Exception:
            log.exception("a defect in a transfer; the fallback serves it", call=arrival.call)
            await self._phone.perform(arrival.call, cm.LetGo(arrival.asterisk_id, Release.FALLBACK, arrival.line))
        else:
            self.deliver(arrival.call, ev.Transferred(self._now(), leg, to))

    async def _serve(self, line: _Line) -> None:
        arrived = await self._receive(line.arrival)
        early = [line.events.get_nowait() for _ in range(line.events.qsize())]
        for event in early:
            if isinstance(event, ev.CallerGone):
                arrived = replace(arrived, left_at=event.at)
            line.events.put_nowait(event)
        await self._converse(line, *arrive(line.arrival.call, arrived), arrived)

    async def _go_on(self, line: _Line, event: ev.Recovered, landed: asyncio.Event) -> None:
        arrived = await self._receive(line.arrival)
        arrived = replace(arrived, at=arrived.arrived_at)
        line.call = call = arrive(line.arrival.call, arrived)[0]
        self._journal.write(call.id, arrived, ())  # what was to be done about it is done
        await landed.wait()
        event = replace(self._with_person(event), at=self._now())
        await self._converse(line, *advance(call, event), event)

    def _with_person(self, event: ev.Recovered) -> ev.Recovered:
        up = event.picked_up
        if up is None or up.person is not None:
            return event
        return replace(event, picked_up=replace(up, person=self._person_at(up.phone)))

    async def _guarded(self, call_id: CallId, line: _Line, serving: Coroutine[Any, Any, None]) -> None:
        """Whatever happens in one call, its caller is not stranded and the other calls do not notice."""
        try:
            await serving
        except Exception:
            log.exception("a defect in one call; its caller goes to the fallback", call=call_id)
            await self._last_resort(call_id, line)
        finally:
            self._phone.forget(call_id)
            self._directory.forget(call_id)
            del self._lines[call_id]
            self._moved.set()

    async def _converse(self, line: _Line, call: Call, commands: tuple[cm.Command, ...], event: ev.Event) -> None:
        """Write down, do, and wait for what happens next, until the call is over."""
        mine: deque[ev.Event] = deque()
        while True:
            line.call = call
            self._journal.write(call.id, event, commands)
            self._directory.observe(call)
            self._moved.set()
            mine.extend(await self._perform(call, commands))
            if call.phase is Phase.OVER:
                ended = row(call)
                _tell(ended)
                self._ended(ended)
                return
            # What came of the commands goes first: reservations hold until then. But who left is not "unreachable".
            event = mine.popleft() if mine and not line.is_left else await self._next(line, call)
            await self._in_touch()
            line.is_left = line.is_left and not isinstance(event, ev.CallerGone)
            call, commands = advance(call, event)

    async def _next(self, line: _Line, call: Call) -> ev.Event:
        due = deadline(call)
        if due is None or not line.events.empty():
            return await line.events.get()
        try:
            async with asyncio.timeout(due - self._now()):
                return await line.events.get()
        except TimeoutError:
            await self._in_touch()  # who picked up while nobody could be reached goes before the step's end
            return ev.Elapsed(max(due, self._now())) if line.events.empty() else line.events.get_nowait()

    async def _perform(self, call: Call, commands: tuple[cm.Command, ...]) -> list[ev.Event]:
        """Do it all in order; phones that begin to ring in one step begin together."""
        results: list[ev.Event | None] = []
        rings = [command for command in commands if isinstance(command, cm.Ring)]
        for command in commands:
            if isinstance(command, cm.Ask):
                people = await self._directory.ask(call, command)
                results.append(ev.Found(self._now(), command.step, people))
            elif not isinstance(command, cm.Ring):
                results.append(await self._phone.perform(call.id, command))
            elif command is rings[0]:
                results += await asyncio.gather(*(self._phone.perform(call.id, ring) for ring in rings))
        return [result for result in results if result is not None]

    async def _last_resort(self, call_id: CallId, line: _Line) -> None:
        """Try to end the call in order; whatever happens, its caller is given back to the dialplan."""
        failed = ev.RouterFailed(self._now(), "a defect, see the log")
        try:
            if line.call is not None:
                call, commands = advance(line.call, failed)
                await self._converse(line, call, commands, failed)
                return
        except Exception:
            log.exception("the defect is in the call itself", call=call_id)
        arrival = line.arrival
        await self._phone.perform(call_id, cm.LetGo(arrival.asterisk_id, Release.FALLBACK, arrival.line))


def _tell(ended: CallRow) -> None:
    """The canonical line of a call: one, at its end, with everything but whole numbers."""
    log.info(
        "call",
        call=ended.id,
        line=ended.line,
        department=ended.department,
        caller="…" + (ended.caller or "")[-2:],
        responsible=ended.responsible,
        direction=ended.direction,
        outcome=ended.outcome,
        lost_reason=ended.lost_reason,
        lost_step=ended.lost_step,
        answered_by=ended.answered_by,
        answered_step=ended.answered_step,
        seconds=round((ended.ended_at or ended.arrived_at) - ended.arrived_at, 3),
        legs=len(ended.legs),
        scheme_revision=ended.scheme_revision,
    )
