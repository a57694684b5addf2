"""One root for everything callrouter raises on purpose; the message says what was wrong, where, and what to do."""

from __future__ import annotations

from typing import ClassVar


class CallrouterError(Exception):
    """The call or its input is wrong: somebody has to change something."""

    exit_code: ClassVar[int] = 2


class AwayError(CallrouterError):
    """A server that is needed does not answer: waiting helps."""

    exit_code: ClassVar[int] = 3
