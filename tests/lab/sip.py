"""SIP messages and session descriptions: read and written, nothing else."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass, field

COMPACT = {"v": "via", "f": "from", "t": "to", "i": "call-id", "m": "contact", "c": "content-type",
           "l": "content-length", "r": "refer-to", "k": "supported", "s": "subject"}  # fmt: skip
REASONS = {100: "Trying", 180: "Ringing", 183: "Session Progress", 200: "OK", 202: "Accepted",
           302: "Moved Temporarily", 480: "Temporarily Unavailable", 481: "Call/Transaction Does Not Exist",
           486: "Busy Here", 487: "Request Terminated", 488: "Not Acceptable Here", 500: "Server Internal Error",
           503: "Service Unavailable", 600: "Busy Everywhere", 603: "Decline"}  # fmt: skip
METHODS = "INVITE, ACK, CANCEL, BYE, OPTIONS, NOTIFY, REFER, UPDATE, INFO"


@dataclass(slots=True)
class Message:
    """A request or a response; header names as on the wire, looked up in any case."""

    start: str
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: str = ""

    @property
    def is_request(self) -> bool:
        """Whether this is a request."""
        return not self.start.startswith("SIP/2.0")

    @property
    def method(self) -> str:
        """The request's method; of a response that of the request it answers."""
        return self.start.split(" ", 1)[0] if self.is_request else self.get("CSeq").split()[-1]

    @property
    def uri(self) -> str:
        """The request's address."""
        return self.start.split(" ")[1]

    @property
    def status(self) -> int:
        """The response's code; 0 of a request."""
        return 0 if self.is_request else int(self.start.split(" ", 2)[1])

    @property
    def call_id(self) -> str:
        """The id of the call."""
        return self.get("Call-ID")

    @property
    def cseq(self) -> int:
        """The number of the request in its dialog."""
        return int(self.get("CSeq").split()[0])

    @property
    def branch(self) -> str:
        """The id of the transaction."""
        return parameter(self.get("Via"), "branch")

    def get(self, name: str) -> str:
        """The first header of that name, or nothing."""
        return next(iter(self.all(name)), "")

    def all(self, name: str) -> list[str]:
        """All headers of that name, in order."""
        wanted = name.lower()
        return [value for key, value in self.headers if COMPACT.get(key.lower(), key.lower()) == wanted]

    def encode(self) -> bytes:
        """As it goes over the wire."""
        body = self.body.encode()
        lines = [
            self.start,
            *(f"{key}: {value}" for key, value in self.headers),
            f"Content-Length: {len(body)}",
            "",
            "",
        ]
        return "\r\n".join(lines).encode(errors="surrogateescape") + body

    def reply(
        self, status: int, *, tag: str = "", headers: tuple[tuple[str, str], ...] = (), body: str = ""
    ) -> Message:
        """A response to this request."""
        to = self.get("To")
        if tag and not parameter(to, "tag"):
            to += f";tag={tag}"
        kept = [("Via", via) for via in self.all("Via")]
        kept += [("From", self.get("From")), ("To", to), ("Call-ID", self.call_id), ("CSeq", self.get("CSeq"))]
        return Message(f"SIP/2.0 {status} {REASONS.get(status, 'Something')}", [*kept, *headers], body)


def parse(packet: bytes) -> Message | None:
    """Read a packet; keep-alives and rubbish give None."""
    head, _, body = packet.partition(b"\r\n\r\n")
    start, *lines = head.decode(errors="replace").split("\r\n")
    if "SIP/2.0" not in start:
        return None
    pairs = [line.partition(":") for line in lines if ":" in line]
    headers = [
        (key.strip(), value.strip()) for key, _, value in pairs if key.strip().lower() not in {"content-length", "l"}
    ]
    return Message(start, headers, body.decode(errors="replace"))


def parameter(value: str, name: str) -> str:
    """The header's parameter of that name, or nothing."""
    found = re.search(rf";\s*{name}\s*=\s*([^;>\s,]+)", value)
    return found[1] if found else ""


def address(value: str) -> str:
    """The address in a From, To or Contact header, without brackets and header parameters."""
    found = re.search(r"<([^>]*)>", value)
    return found[1] if found else value.split(";", maxsplit=1)[0].strip()


def token() -> str:
    """A random word for tags, branches and ids."""
    return secrets.token_hex(8)


@dataclass(frozen=True, slots=True)
class Identity:
    """A name and a number, as a phone's screen shows them."""

    name: str
    number: str

    @classmethod
    def of(cls, header: str) -> Identity:
        """Read a From, P-Asserted-Identity or Remote-Party-ID header."""
        quoted = re.match(r'\s*"((?:[^"\\]|\\.)*)"', header)
        name = (
            re.sub(r"\\(.)", r"\1", quoted[1]) if quoted else header.partition("<")[0].strip() if "<" in header else ""
        )
        number = re.search(r"(?:sips?|tel):([^@;>]*)", header)
        return cls(name, number[1] if number else "")


def screen(message: Message) -> Identity:
    """Whom a phone shows for this INVITE or UPDATE."""
    best = message.get("P-Asserted-Identity") or message.get("Remote-Party-ID") or message.get("From")
    return Identity.of(best)


def offer(host: str, port: int, direction: str = "sendrecv") -> str:
    """A session description with PCMU."""
    return (
        f"v=0\r\no=- 1 {secrets.randbelow(10**9)} IN IP4 {host}\r\ns=lab\r\nc=IN IP4 {host}\r\nt=0 0\r\n"
        f"m=audio {port} RTP/AVP 0 101\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:101 telephone-event/8000\r\n"
        f"a=ptime:20\r\na={direction}\r\n"
    )


def media(body: str) -> tuple[str, int] | None:
    """Where the other side wants its audio."""
    host = re.search(r"^c=IN IP4 (\S+)", body, re.MULTILINE)
    port = re.search(r"^m=audio (\d+)", body, re.MULTILINE)
    return (host[1], int(port[1])) if host and port and int(port[1]) else None


def direction(body: str) -> str:
    """What the other side does with the audio: sendrecv, sendonly, recvonly or inactive."""
    found = re.search(r"^a=(sendrecv|sendonly|recvonly|inactive)", body, re.MULTILINE)
    return found[1] if found else "sendrecv"
