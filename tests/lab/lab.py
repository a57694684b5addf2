"""Phones, a trunk and an Asterisk that knows them, started and ended together."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self

from tests.lab.asterisk import Asterisk
from tests.lab.behaviour import Behaviour
from tests.lab.company import Company, Endpoint, TrunkEndpoint
from tests.lab.phone import Phone, Trunk

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.lab.root import AsteriskRoot


@dataclass(frozen=True, slots=True)
class Desk:
    """A number of the PBX in the lab: how many devices are registered on it, and whether a dead contact is too.

    `devices=0` is an unregistered phone. `dead`: one more contact, where nothing listens.
    """

    name: str
    display: str = ""
    devices: int = 1
    dead: bool = False
    groups: tuple[str, ...] = ("all",)


class Lab:
    """A company with real phones: `async with Lab(["101", "102"]) as lab:`.

    `desks` are names or Desk values. `company` carries what else the PBX has (dialplan, fallback, …); its endpoints are
    filled in. `rtp_interval`: seconds between audio packets. At the end `audit()` has to hold, unless the test failed.
    """

    def __init__(self, desks: Sequence[str | Desk], company: Company | None = None, *, root: AsteriskRoot | None = None,
                 rtp_interval: float = 0.02) -> None:  # fmt: skip
        self.desks = [Desk(desk) if isinstance(desk, str) else desk for desk in desks]
        self.devices: dict[str, list[Phone]] = {
            desk.name: [Phone(desk.name, display=desk.display, rtp_interval=rtp_interval) for _ in range(desk.devices)]
            for desk in self.desks
        }
        self.trunk = Trunk("trunk", rtp_interval=rtp_interval)
        self._company = company or Company()
        self._root = root
        self._asterisk: Asterisk | None = None

    @property
    def asterisk(self) -> Asterisk:
        """The PBX."""
        assert self._asterisk is not None, "the lab is not running"
        return self._asterisk

    @property
    def phones(self) -> list[Phone]:
        """All devices of all desks."""
        return [phone for devices in self.devices.values() for phone in devices]

    def phone(self, name: str) -> Phone:
        """The first device of a desk."""
        return self.devices[name][0]

    async def __aenter__(self) -> Self:
        try:
            for phone in self.phones:
                await phone.open()
            await self.trunk.open("127.0.0.2")
            self._asterisk = await Asterisk(self._described(), self._root).__aenter__()
        except BaseException:
            await self._close()
            raise
        for phone in (*self.phones, self.trunk):
            phone.pbx = ("127.0.0.1", self.asterisk.sip_port)
        return self

    async def __aexit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            if kind is None and not self.asterisk.taken_down:
                await self.quiet()
                await self.asterisk.audit()
        finally:
            await self._close()

    def _described(self) -> Company:
        endpoints = tuple(
            Endpoint(
                name=desk.name,
                contacts=(*(phone.port for phone in self.devices[desk.name]), *((9,) if desk.dead else ())),
                display=desk.display,
                groups=desk.groups,
            )
            for desk in self.desks
        )
        return replace(
            self._company, endpoints=endpoints, trunks=(TrunkEndpoint("trunk", self.trunk.host, self.trunk.port),)
        )

    async def reset(self) -> None:
        """Begin anew without a restart: all hang up, nothing may be left, everything seen is forgotten, phones ring."""
        await self.quiet()
        await self.asterisk.audit()
        for phone in (*self.phones, self.trunk):
            phone.forget()
            phone.behaviour = Behaviour()
            phone.powerless = False

    async def quiet(self) -> None:
        """Everybody hangs up; waits until the phones agree that nothing is left."""
        for phone in (*self.phones, self.trunk):
            for call in phone.calls:
                call.let_go()
        calls = [call for phone in (*self.phones, self.trunk) for call in phone.calls]
        await asyncio.gather(*(call.wait("ended", 5.0) for call in calls if not call.ended_at))

    async def _close(self) -> None:
        asterisk, self._asterisk = self._asterisk, None
        if asterisk:
            await asterisk.__aexit__(None, None, None)
        for phone in (*self.phones, self.trunk):
            await phone.close()
