"""What is known of one call: how far it has come, when, and what was seen and heard of it."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Literal

from tests.lab import standstill
from tests.lab.sip import Identity, Message, screen
from tests.lab.wire import Moment, Seen

if TYPE_CHECKING:
    from tests.lab.dialog import Dialog
    from tests.lab.phone import Phone
    from tests.lab.rtp import Stream

Milestone = Literal["ringing", "answered", "ended"]


class CallRecord:
    """State and record of one call.

    The moments `ringing_at` (180 sent or received), `answered_at` (200 to the INVITE sent or received) and `ended_at`
    are None until they happen. `status` is the final code of the INVITE, 0 before. `screens` are the identities the
    phone has shown, in order; `sound` is the audio.
    """

    def __init__(self, phone: Phone, dialog: Dialog, invite: Message, *, outgoing: bool) -> None:
        self.phone = phone
        self.dialog = dialog
        self.outgoing = outgoing
        self.invite = invite
        self.invited_at = Moment.now()
        self.ringing_at: Moment | None = None
        self.answered_at: Moment | None = None
        self.ended_at: Moment | None = None
        self.ended_by_us: bool | None = None
        self.status = 0
        self.provisional: list[int] = []
        self.cancel: Seen | None = None
        self.bye: Seen | None = None
        self.held = False
        self.crosses = False
        self.screens: list[Identity] = [] if outgoing else [screen(invite)]
        self.sound: Stream | None = None
        self._milestones = {name: asyncio.Event() for name in ("ringing", "answered", "ended")}

    def __repr__(self) -> str:
        way = "to" if self.outgoing else "from"
        other = Identity.of(self.invite.get("To" if self.outgoing else "From")).number
        return f"<call of {self.phone.name} {way} {other}: {self.state}, status {self.status}>"

    @property
    def id(self) -> str:
        """The Call-ID."""
        return self.dialog.call_id

    @property
    def state(self) -> str:
        """One of new, ringing, answered, ended."""
        reached = [name for name, event in self._milestones.items() if event.is_set()]
        return reached[-1] if reached else "new"

    @property
    def shown(self) -> Identity:
        """What the screen shows now."""
        return self.screens[-1]

    @property
    def cancelled(self) -> bool:
        """Whether the other side took the call away before it was answered."""
        return self.cancel is not None

    @property
    def cancel_reason(self) -> str:
        """The text of the CANCEL's Reason header; empty means a missed call on the screen."""
        return self.cancel.reason if self.cancel else ""

    async def wait(self, what: Milestone, within: float = 10.0) -> Moment:
        """Wait until the call has come that far; fail if it ends before, or is not there in `within` seconds."""
        wanted, ended = self._milestones[what], self._milestones["ended"]
        waits = [asyncio.ensure_future(event.wait()) for event in {wanted, ended}]
        try:
            with suppress(TimeoutError):
                async with standstill.patience(within):
                    await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
        assert wanted.is_set(), f"{self!r} is not {what}{'' if ended.is_set() else f' after {within} s'}"
        moment = {"ringing": self.ringing_at, "answered": self.answered_at, "ended": self.ended_at}[what]
        assert moment is not None
        return moment

    async def lasts(self, seconds: float) -> None:
        """Wait so long, by the clock, or until the call ends."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._milestones["ended"].wait()

    async def hears(self, other: CallRecord | Phone, packets: int = 3, within: float = 10.0) -> None:
        """Wait until `packets` more packets of the other's voice have come in."""
        voice = (other.phone if isinstance(other, CallRecord) else other).voice
        assert self.sound is not None, f"{self!r} has no audio"
        try:
            await self.sound.hear(voice, packets, within)
        except TimeoutError:
            raise AssertionError(f"{self!r} does not hear {other!r}, but {dict(self.sound.heard)}") from None

    def end(self, *, by_us: bool) -> None:
        """The call is over."""
        if self.ended_at:
            return
        self.ended_at = Moment.now()
        self.ended_by_us = by_us
        if self.sound:
            self.sound.close()
        self._milestones["ended"].set()
