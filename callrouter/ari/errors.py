"""What can go wrong with Asterisk, split by whose fault it is.

AriError
├── AriAway       theirs: no connection, no answer in time (waiting helps)
│   └── AriBroken the connection broke before the answer came
└── AriRefused    ours: Asterisk answered, and said no
"""

from __future__ import annotations

from callrouter.core.errors import AwayError, CallrouterError


class AriAway(AwayError):  # noqa: N818 - the tree above reads better without the suffix
    """Asterisk does not answer."""


class AriBroken(AriAway):
    """The connection broke: whether Asterisk has heard the request is not known."""


class AriRefused(CallrouterError):  # noqa: N818 - see AriAway
    """Asterisk answered with an error; `status` is its HTTP code."""

    def __init__(self, status: int, request: str, message: str) -> None:
        super().__init__(f"Asterisk refused {request}: {status} {message}")
        self.status = status


AriError = AriAway | AriRefused
