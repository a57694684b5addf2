"""The SIP side of one call: ids, sequence numbers, requests inside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.lab.sip import METHODS, Message, address, token

if TYPE_CHECKING:
    from tests.lab.agent import Agent


class Dialog:
    """What the requests of one call have in common."""

    def __init__(self, agent: Agent, local: str, remote: str, call_id: str, target: str) -> None:
        self.agent = agent
        self.local = local  # our From or To with our tag
        self.remote = remote
        self.call_id = call_id
        self.target = target
        self.cseq = 0

    @property
    def contact(self) -> str:
        """Our own address."""
        return f"<sip:lab@{self.agent.host}:{self.agent.port}>"

    def _headers(self, number: int, method: str, branch: str) -> list[tuple[str, str]]:
        via = f"SIP/2.0/UDP {self.agent.host}:{self.agent.port};rport;branch={branch}"
        return [
            ("Via", via), ("Max-Forwards", "70"), ("From", self.local), ("To", self.remote), ("Call-ID", self.call_id),
            ("CSeq", f"{number} {method}"), ("Contact", self.contact), ("Allow", METHODS), ("User-Agent", "lab phone"),
        ]  # fmt: skip

    def request(self, method: str, body: str = "", extra: tuple[tuple[str, str], ...] = ()) -> Message:
        """The next request of this call."""
        self.cseq += 1
        headers = [*self._headers(self.cseq, method, f"z9hG4bK{token()}"), *extra]
        if body:
            headers.append(("Content-Type", "application/sdp"))
        return Message(f"{method} {self.target} SIP/2.0", headers, body)

    def ack(self, number: int) -> Message:
        """Acknowledge a 2xx to our INVITE."""
        return Message(f"ACK {self.target} SIP/2.0", self._headers(number, "ACK", f"z9hG4bK{token()}"))

    def learn(self, message: Message, *, ours: bool) -> None:
        """Take the other side's tag and address from a message; `ours`: it answers a request of ours."""
        if contact := message.get("Contact"):
            self.target = address(contact)
        if ours:
            self.remote = message.get("To")
