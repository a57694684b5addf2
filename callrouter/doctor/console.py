"""Asterisk's own console, where it is on this host and we may use it: it says what a channel over ARI would."""

from __future__ import annotations

import asyncio
import re
import shutil
from typing import Protocol
from urllib.parse import urlsplit

from callrouter.core.errors import AwayError

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
ANSWER_AT_MOST = 5.0
"""Seconds for one answer."""
_RESULT = re.compile(r"^Return Value: Success.*\nResult: (.*)$", re.MULTILINE)
_VERSION = re.compile(r"^Asterisk (\S+) built by")


class Asked(Protocol):
    """Whoever evaluates an expression of the dialplan for us: a channel over ARI, or the console."""

    async def read(self, expression: str) -> str:
        """Return what a dialplan function gives; empty where it gives nothing."""
        ...

    async def has_extension(self, context: str, extension: str) -> bool:
        """Whether the dialplan knows this extension."""
        ...


class Console:
    """The console of the Asterisk on this host."""

    def __init__(self, program: str) -> None:
        self._program = program
        self.version = ""
        """Such as 22.10.1; empty: it does not answer, or we may not ask."""

    async def read(self, expression: str) -> str:
        """See `Asked`."""
        said = await self.ask(f'dialplan eval function "{expression}"') if '"' not in expression else ""
        found = _RESULT.search(said)
        return found[1].strip() if found else ""

    async def has_extension(self, context: str, extension: str) -> bool:
        """See `Asked`."""
        return await self.read(f"DIALPLAN_EXISTS({context},{extension},1)") == "1"

    async def knows(self, function: str) -> bool:
        """Whether Asterisk has this function of the dialplan."""
        return f"'{function}'" in await self.ask(f"core show function {function}")

    async def ask(self, command: str) -> str:
        """Return what it prints; raise AwayError where it does not answer. No shell reads the command."""
        try:
            process = await asyncio.create_subprocess_exec(
                self._program,
                "-rx",
                command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
            )
        except OSError as error:
            raise AwayError(f"{self._program}: {error.strerror}") from None
        try:
            async with asyncio.timeout(ANSWER_AT_MOST):
                out, _ = await process.communicate()
        except TimeoutError:
            raise AwayError(f"Asterisk's console does not answer within {ANSWER_AT_MOST:g} s") from None
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        return out.decode("utf-8", "replace")


async def console(url: str) -> Console | None:
    """Return the console of the Asterisk that is at this address; None: it is elsewhere, or does not answer us."""
    program = shutil.which("asterisk") if urlsplit(url).hostname in {*LOOPBACK, None} else None
    if program is None:
        return None
    there = Console(program)
    try:
        found = _VERSION.match(await there.ask("core show version"))
    except AwayError:
        return None
    there.version = found[1] if found else ""
    return there if found else None
