"""A softphone: registers with a name and a password, and dials with them."""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Mapping

from tests.lab.call import Call
from tests.lab.dialog import Dialog
from tests.lab.phone import Phone
from tests.lab.sip import Message, token


class Softphone(Phone):
    """A phone with an account; `pbx` has to be set before it registers."""

    def __init__(self, name: str, password: str) -> None:
        super().__init__(name)
        self._password = password
        self._challenge: dict[str, str] = {}

    async def register(self, password: str | None = None) -> int:
        """Register, by default with its own password; return the PBX's last word."""
        registrar = f"sip:{self.pbx[0]}:{self.pbx[1]}"
        who = f"<sip:{self.name}@{self.pbx[0]}:{self.pbx[1]}>"
        dialog = Dialog(self._agent, f"{who};tag={token()}", who, f"{token()}@{self.host}", registrar)
        answer = await self._ask(dialog.request("REGISTER", extra=(("Expires", "300"),)))
        if answer.status != 401:
            return answer.status
        self._challenge = dict(re.findall(r'(\w+)="?([^",]*)"?', answer.get("WWW-Authenticate")))
        proof = self._proof("REGISTER", registrar, password or self._password)
        return (
            await self._ask(dialog.request("REGISTER", extra=(("Expires", "300"), ("Authorization", proof))))
        ).status

    async def dial(self, target: str, *, caller: str | None = None, name: str | None = None,
                   headers: Mapping[str, str] | None = None) -> Call:  # fmt: skip
        """Call `target` with the password; the PBX's challenge is a fresh one."""
        assert await self.register() == 200
        uri = f"sip:{target}@{self.pbx[0]}:{self.pbx[1]}"
        proof = {"Authorization": self._proof("INVITE", uri, self._password)}
        return await super().dial(target, caller=caller, name=name, headers={**(headers or {}), **proof})

    async def _ask(self, request: Message) -> Message:
        """Send a request; return its final answer."""
        answered: asyncio.Future[Message | None] = asyncio.get_running_loop().create_future()

        def take(answer: Message | None) -> None:
            if not answered.done() and (answer is None or answer.status >= 200):
                answered.set_result(answer)

        self._agent.request(request, take)
        answer = await answered
        assert answer is not None, f"nobody answers {request.method}"
        return answer

    def _proof(self, method: str, uri: str, password: str) -> str:
        """Return the Authorization header for the last challenge (RFC 2617, MD5, qop=auth)."""
        realm, nonce, own = self._challenge["realm"], self._challenge["nonce"], token()
        secret = _md5(f"{self.name}:{realm}:{password}")
        response = _md5(f"{secret}:{nonce}:00000001:{own}:auth:{_md5(f'{method}:{uri}')}")
        opaque = f', opaque="{self._challenge["opaque"]}"' if "opaque" in self._challenge else ""
        return (
            f'Digest username="{self.name}", realm="{realm}", nonce="{nonce}", uri="{uri}", response="{response}", '
            f'algorithm=MD5, qop=auth, nc=00000001, cnonce="{own}"{opaque}'
        )


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
