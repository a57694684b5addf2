"""What Asterisk is told is repeated until it is done, and nobody waits for it for long."""

from __future__ import annotations

import asyncio

import pytest

from callrouter.ari import messages as ms, telling
from callrouter.ari.errands import Errands
from callrouter.ari.errors import AriAway, AriRefused
from callrouter.ari.requests import Request
from callrouter.ari.telling import Telling
from tests import virtual

RING = Request("POST", "channels/c/ring")
DELETE = Request("DELETE", "channels/c")
SILENT = 0
DONE = 204


class Wire:
    """Answers the requests in turn with these statuses, then with 204."""

    def __init__(self, *statuses: int) -> None:
        self.statuses = list(statuses)
        self.asked: list[tuple[float, str]] = []

    async def send(self, request: Request, deadline: float = 2.0) -> None:
        """Answer."""
        self.asked.append((round(virtual.clock(), 2), request.method))
        status = self.statuses.pop(0) if self.statuses else DONE
        if status == SILENT:
            await asyncio.sleep(deadline)
            raise AriAway("silent")
        if status != DONE:
            raise AriRefused(status, str(request), "no")

    @property
    def times(self) -> list[float]:
        """When it was asked."""
        return [at for at, _ in self.asked]


def gone(channel: str) -> ms.Message:
    """Return the news that a channel is gone."""
    return ms.MESSAGE.validate_python(
        {"type": "ChannelDestroyed", "channel": {"id": channel, "name": "n", "state": "Up"}}
    )


@pytest.mark.parametrize(
    ("statuses", "times"),
    [
        ((), [0.0]),
        ((500,), [0.0, 0.2]),
        ((409, 503), [0.0, 0.2, 0.4]),
        ((404, 404), [0.0, 0.2]),
        ((404,), [0.0, 0.2]),
        ((SILENT,), [0.0, 0.7]),
        ((SILENT,) * 9, [0.0, 0.7, 1.4, 2.6, 4.8, 7.0, 9.2]),
    ],
)
def test_a_request_is_repeated_until_it_is_taken(statuses: tuple[int, ...], times: list[float]) -> None:
    """Refused, lost or unanswered: again, for ten seconds; a channel that is not there twice is not there."""

    async def scene() -> None:
        wire = Wire(*statuses)
        told = Telling(wire, Errands())
        await told.tell(RING)
        assert virtual.clock() == (telling.SHORTLY if statuses[:1] == (SILENT,) else 0)
        await asyncio.sleep(30)
        assert wire.times == times

    virtual.run(scene())


@pytest.mark.parametrize(
    ("statuses", "leaves", "times"),
    [
        ((), 0.0, [0.0]),
        ((), 0.7, [0.0, 0.5]),
        ((500, 404), 1.2, [0.0, 0.5, 1.0]),
        ((404, 404), None, [0.0, 0.5]),
        ((SILENT,), 1.1, [0.0, 1.0]),
        ((), None, [0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0]),
    ],
)
def test_a_channel_is_sent_off_until_it_is_gone(
    statuses: tuple[int, ...], leaves: float | None, times: list[float]
) -> None:
    """An answer is not enough: only the news that the channel is gone ends it."""

    async def scene() -> None:
        wire = Wire(*statuses)
        told = Telling(wire, Errands())
        await told.send_off("c", DELETE)
        told.hear(gone("another"))
        if leaves is not None:
            await asyncio.sleep(max(0, leaves - virtual.clock()))
            told.hear(gone("c"))
        await asyncio.sleep(30)
        assert wire.times == times

    virtual.run(scene())


def test_what_is_told_keeps_its_order() -> None:
    """A hang-up that is not answered goes out before what is told after it."""

    async def scene() -> None:
        wire = Wire(SILENT)
        told = Telling(wire, Errands())
        await told.send_off("c", DELETE)
        await told.tell(RING)
        assert [method for _, method in wire.asked] == ["DELETE", "POST"]
        assert virtual.clock() == telling.SHORTLY

    virtual.run(scene())
