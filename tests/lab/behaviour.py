"""What a phone does with a call that comes in, as a value."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Behaviour:
    """One way to take a call; all times are seconds.

    `ring_after`: 180 that long after the INVITE, None: no ringing. `answer_after`: picked up that long after the
    INVITE, None: never. `final`: this final code instead, `final_after` seconds after the INVITE. `forward_to`: the
    number in a 302. `hangup_after`: the phone hangs up that long after it answered. `silent`: nothing is ever sent,
    as by a phone without power. `one_call`: 486 while another call is up on this phone. `crosses`: picked up at the
    instant at which the other side takes the call away, so that the 200 meets the CANCEL.
    """

    ring_after: float | None = 0.0
    answer_after: float | None = None
    final: int | None = None
    final_after: float = 0.0
    forward_to: str = "199"
    hangup_after: float | None = None
    silent: bool = False
    one_call: bool = False
    crosses: bool = False


def rings() -> Behaviour:
    """Rings until it is stopped."""
    return Behaviour()


def answers(after: float = 0.0, *, hangup_after: float | None = None) -> Behaviour:
    """Rings at once and is picked up `after` seconds; hung up `hangup_after` seconds later."""
    return Behaviour(answer_after=after, hangup_after=hangup_after)


def refuses(code: int = 603, after: float = 0.2) -> Behaviour:
    """Rings, then a person presses the red button."""
    return Behaviour(final=code, final_after=after)


def rejects(code: int = 486) -> Behaviour:
    """Does not ring: busy (486), not there (480), forwarded (302)."""
    return Behaviour(ring_after=None, final=code)


def silent() -> Behaviour:
    """Hears nothing and says nothing."""
    return Behaviour(silent=True)
