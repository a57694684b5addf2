"""Where mail is handed in, as the settings write it."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

PORTS = {"smtp": 587, "smtps": 465}


@dataclass(frozen=True, slots=True)
class Server:
    """Where mail is handed in."""

    host: str
    port: int
    is_tls: bool
    """From the first byte; else by STARTTLS."""
    user: str | None = None
    password: str | None = None

    @property
    def is_here(self) -> bool:
        """Whether it is on this host: there it may be spoken to in the clear, and who it is is not in doubt."""
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"


def server(url: str) -> Server:
    """Read `smtp://user:password@host:587` or `smtps://…`; raise ValueError."""
    wrong = ValueError("is not smtp://USER:PASSWORD@HOST:587 or smtps://…")
    parts = urlsplit(url)
    if parts.scheme not in PORTS or not parts.hostname or parts.path.strip("/") or parts.query or parts.fragment:
        raise wrong
    try:
        port = parts.port or PORTS[parts.scheme]
    except ValueError:
        raise wrong from None
    user, password = (None if one is None else unquote(one) for one in (parts.username, parts.password))
    return Server(parts.hostname, port, parts.scheme == "smtps", user or None, password)
