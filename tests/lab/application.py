"""A bare Stasis application for the tests of the lab itself; the router has a client of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import aiohttp

from tests.lab.standstill import patience

if TYPE_CHECKING:
    from tests.lab.asterisk import Asterisk


class Application:
    """Connected between `async with Application(asterisk, "callrouter") as app:` and its end."""

    def __init__(self, asterisk: Asterisk, name: str) -> None:
        self.name = name
        self._asterisk = asterisk
        self._session: aiohttp.ClientSession | None = None
        self._socket: aiohttp.ClientWebSocketResponse | None = None

    async def __aenter__(self) -> Self:
        auth = aiohttp.encode_basic_auth(self._asterisk.ari_username, self._asterisk.ari_password)
        self._session = aiohttp.ClientSession(headers={"Authorization": auth})
        self._socket = await self._session.ws_connect(f"{self._asterisk.ari_url}/events?app={self.name}")
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._socket:
            await self._socket.close()
        if self._session:
            await self._session.close()

    async def event(self, kind: str, within: float = 10.0) -> dict[str, Any]:
        """Wait for the next event of that type; others are passed over."""
        assert self._socket is not None
        async with patience(within):
            while True:
                found: dict[str, Any] = await self._socket.receive_json()
                if found["type"] == kind:
                    return found

    async def rest(self, method: str, path: str, **parameters: str) -> Any:
        """Make a request; the answer's JSON, None when it is empty."""
        assert self._session is not None
        address = f"{self._asterisk.ari_url}/{path}"
        async with self._session.request(method, address, params=parameters) as response:
            text = await response.text()
            assert response.status < 300, f"{method} {path}: {response.status} {text}"
            return await response.json() if text else None
