"""One call of a phone, incoming or outgoing: what its user can do with it, what the other side does."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from tests.lab import standstill
from tests.lab.record import CallRecord
from tests.lab.sip import Identity, Message, direction, media, offer, parameter, screen
from tests.lab.wire import Moment, Seen

if TYPE_CHECKING:
    from tests.lab.dialog import Dialog
    from tests.lab.phone import Phone


class Call(CallRecord):
    """A call that can be acted upon; the record says how far it has come."""

    def __init__(self, phone: Phone, dialog: Dialog, invite: Message, *, outgoing: bool) -> None:
        super().__init__(phone, dialog, invite, outgoing=outgoing)
        self.transfer_status: list[int] = []
        self._transferred = asyncio.Event()
        self._giving_up = False
        self._theirs = "" if outgoing else invite.body  # their session description

    # What a person does with an incoming call.

    def ring(self) -> None:
        """Send 180."""
        if self.state == "new":
            self._provision(180)

    def answer(self) -> None:
        """Pick up."""
        if self.status or self.ended_at:
            return
        assert self.sound is not None
        self.status = 200
        self.answered_at = Moment.now()
        self._reply(200, offer(self.dialog.agent.host, self.sound.port))
        self._milestones["answered"].set()
        self._talk()

    def reject(self, status: int = 603, *, forward_to: str = "199") -> None:
        """Refuse with a final code; 302 names a number of the same PBX."""
        if self.status or self.ended_at:
            return
        self.status = status
        extra = (("Contact", f"<sip:{forward_to}@{self.phone.pbx[0]}:{self.phone.pbx[1]}>"),) if status == 302 else ()
        self._reply(status, extra=extra)
        self.end(by_us=True)

    async def hangup(self, within: float = 10.0) -> None:
        """Put the receiver down, in any state, and wait until the other side agrees."""
        self.let_go()
        await self.wait("ended", within)

    def let_go(self) -> None:
        """Put the receiver down without waiting."""
        if self.ended_at:
            return
        if self.answered_at:
            bye = self.dialog.request("BYE")
            self.dialog.agent.request(bye, lambda _: None)
            self.end(by_us=True)
        elif self.outgoing:
            self._giving_up = True
            self._cancel()
        else:
            self.reject(603)

    def _cancel(self) -> None:
        if not self.provisional or self.status:
            return  # a CANCEL before the first provisional answer is not allowed: it follows then
        names = {"via", "from", "to", "call-id", "max-forwards"}
        headers = [(key, value) for key, value in self.invite.headers if key.lower() in names]
        cancel = Message(f"CANCEL {self.invite.uri} SIP/2.0", [*headers, ("CSeq", f"{self.invite.cseq} CANCEL")])
        self.ended_by_us = True
        self.dialog.agent.request(cancel, lambda _: None)

    async def press(self, key: str) -> None:
        """Press a key."""
        assert self.sound is not None
        await self.sound.press(key)

    async def hold(self, *, on: bool = True, within: float = 10.0) -> None:
        """Put the other side on hold, or take it back with `on=False`; waits for the answer."""
        assert self.sound is not None
        done: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        body = offer(self.dialog.agent.host, self.sound.port, "sendonly" if on else "sendrecv")
        request = self.dialog.request("INVITE", body)

        def answer(response: Message | None) -> None:
            if response and response.status >= 200:
                if response.status < 300:
                    self.dialog.agent.send(self.dialog.ack(request.cseq))
                if not done.done():
                    done.set_result(response.status)

        self.dialog.agent.request(request, answer)
        async with standstill.patience(within):
            assert await done == 200, f"{self!r}: hold was refused"
        self.held = on
        self._talk()

    async def blind_transfer(self, target: str, within: float = 10.0) -> int:
        """Send the other side to `target` (REFER) and hang up; gives the status the PBX reported last."""
        return await self._refer(f"<sip:{target}@{self.phone.pbx[0]}:{self.phone.pbx[1]}>", within)

    async def attended_transfer(self, other: Call, within: float = 10.0) -> int:
        """Connect the other side of this call with the other side of `other` (REFER with Replaces)."""
        theirs, ours = other.dialog.remote, other.dialog.local
        replaces = f"{other.id};to-tag={parameter(theirs, 'tag')};from-tag={parameter(ours, 'tag')}"
        escaped = replaces.replace("@", "%40").replace(";", "%3B").replace("=", "%3D")
        number = Identity.of(theirs).number
        status = await self._refer(f"<sip:{number}@{self.phone.pbx[0]}:{self.phone.pbx[1]}?Replaces={escaped}>", within)
        await other.wait("ended", within)
        return status

    async def _refer(self, refer_to: str, within: float) -> int:
        request = self.dialog.request("REFER", extra=(("Refer-To", refer_to), ("Referred-By", self.dialog.contact)))
        self.dialog.agent.request(request, self._refer_answered)
        async with standstill.patience(within):
            await self._transferred.wait()
        await self.hangup(within)
        return self.transfer_status[-1]

    def _refer_answered(self, response: Message | None) -> None:
        if response is None or response.status >= 300:
            self.transferred(response.status if response else 408)

    # What the phone tells the call about messages of the other side.

    def transferred(self, status: int) -> None:
        """The PBX reports how the transfer goes."""
        self.transfer_status.append(status)
        if status >= 200:
            self._transferred.set()

    def answered_by_them(self, response: Message | None) -> None:
        """A response to our INVITE, None when there was none."""
        status = response.status if response else 408
        if response and status < 300:
            self.dialog.learn(response, ours=True)
        if status < 200:
            self._progress(status, response)
        elif status < 300:
            self._connected(status, response)
        elif not self.ended_at:
            self.status = status
            self.end(by_us=self.ended_by_us or False)

    def _progress(self, status: int, response: Message | None) -> None:
        self.provisional.append(status)
        if status in {180, 183} and self.ringing_at is None:
            self.ringing_at = Moment.now()
            self._milestones["ringing"].set()
        if response and response.body:
            self._talk(response.body)
        if self._giving_up and len(self.provisional) == 1:
            self._cancel()

    def _connected(self, status: int, response: Message | None) -> None:
        self.dialog.agent.send(self.dialog.ack(self.invite.cseq))
        if self.status:
            return
        self.status = status
        self.answered_at = Moment.now()
        self._milestones["answered"].set()
        if response:
            self._talk(response.body)
            self.screens.append(screen_of_answer(response))
        if self._giving_up:
            self.let_go()

    def reoffered(self, request: Message) -> None:
        """A re-INVITE or UPDATE of the other side."""
        self.screens.append(screen(request))
        body = ""
        if request.body and self.sound:
            theirs = direction(request.body)
            ours = {"sendonly": "recvonly", "recvonly": "sendonly"}.get(theirs, theirs)
            body = offer(self.dialog.agent.host, self.sound.port, ours)
            self._talk(request.body)
        elif self.sound and request.method == "INVITE":
            body = offer(self.dialog.agent.host, self.sound.port)
        self.dialog.learn(request, ours=False)
        self._reply(200, body, to=request)

    def cancelled_by_them(self, seen: Seen) -> None:
        """A CANCEL came."""
        if self.status or self.ended_at:
            return
        self.cancel = seen
        if self.crosses:
            if self.sound:  # else as soon as it can be heard
                self.answer()
            return
        self.status = 487
        self._reply(487)
        self.end(by_us=False)

    def _provision(self, status: int) -> None:
        self.provisional.append(status)
        self.ringing_at = Moment.now()
        self._reply(status)
        self._milestones["ringing"].set()

    def _reply(
        self, status: int, body: str = "", *, extra: tuple[tuple[str, str], ...] = (), to: Message | None = None
    ) -> None:
        request = to or self.invite
        headers = extra or (("Contact", self.dialog.contact),)
        if body:
            headers = (*headers, ("Content-Type", "application/sdp"))
        tag = parameter(self.dialog.local, "tag")
        self.dialog.agent.reply(request, request.reply(status, tag=tag, headers=headers, body=body))

    def _talk(self, body: str = "") -> None:
        """Send audio where they want it, or none while somebody holds the call."""
        self._theirs = body or self._theirs
        if self.sound and not self.ended_at and self._theirs:
            quiet = self.held or direction(self._theirs) in {"sendonly", "inactive"}
            self.sound.send_to(None if quiet else media(self._theirs))


def screen_of_answer(response: Message) -> Identity:
    """Whom a phone shows once its own call is answered."""
    return Identity.of(response.get("P-Asserted-Identity") or response.get("Remote-Party-ID") or response.get("To"))
