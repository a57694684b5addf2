"""A real Asterisk of one's own: own folder, own ports, loopback only, several side by side."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import shutil
import signal
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Self

from tests.lab import config
from tests.lab.root import AsteriskRoot, LabError, provide
from tests.lab.slots import Slot, take
from tests.lab.standstill import patience

if TYPE_CHECKING:
    from tests.lab.company import Company

BOOT = 60.0  # seconds an instance may take to boot on a loaded machine


class Asterisk:
    """One instance, running between `async with Asterisk(company) as asterisk:` and its end."""

    ari_username = config.USERNAME
    ari_password = config.PASSWORD

    def __init__(self, company: Company, root: AsteriskRoot | None = None) -> None:
        self.company = company
        self._root = root or provide()
        self._slot: Slot | None = None
        self._folder: Path | None = None
        self._process: asyncio.subprocess.Process | None = None

    @property
    def slot(self) -> Slot:
        """The ports of this instance."""
        assert self._slot is not None, "the instance is not running"
        return self._slot

    @property
    def folder(self) -> Path:
        """Its own folder: etc, log, run, spool, db."""
        assert self._folder is not None, "the instance is not running"
        return self._folder

    @property
    def cdr_file(self) -> Path:
        """Where it writes its records for callrouter."""
        return self.folder / "log/cdr-custom/callrouter.csv"

    @property
    def taken_down(self) -> bool:
        """Whether `stop()` or `kill()` has ended it; a crash does not count."""
        return self._process is None

    @property
    def sip_port(self) -> int:
        """UDP port on 127.0.0.1."""
        return self.slot.sip

    @property
    def ari_url(self) -> str:
        """Base address of ARI, without a slash at its end."""
        return f"http://127.0.0.1:{self.slot.http}/ari"

    @property
    def version(self) -> str:
        """Such as 22.10.1."""
        return self._root.version

    async def __aenter__(self) -> Self:
        self._slot = take()
        self._root.outside.mkdir(parents=True, exist_ok=True)
        for left in self._root.outside.glob(f"{self._slot.number}-*"):  # by a run that was killed
            shutil.rmtree(left, ignore_errors=True)
        self._folder = Path(tempfile.mkdtemp(prefix=f"{self._slot.number}-", dir=self._root.outside))
        try:
            self.configure(self.company)
            await self.start()
        except BaseException:
            await self._leave()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._leave()

    async def _leave(self) -> None:
        await self.kill()  # nothing is kept, so a tidy end would only cost a second
        if self._folder and not os.environ.get("CALLROUTER_LAB_KEEP"):
            shutil.rmtree(self._folder, ignore_errors=True)
        if self._slot:
            self._slot.release()

    def configure(self, company: Company) -> None:
        """Write the configuration anew; takes effect at the next start or `cli("core reload")`."""
        self.company = company
        config.write(self.folder, self._root.inside / self.folder.name, self._root, self.slot, company)

    async def start(self) -> None:
        """Start it and wait until it is fully booted."""
        own = self._root.inside / self.folder.name / "etc/asterisk.conf"
        command = ["setpriv", "--pdeathsig", "KILL", *self._root.command, "-f", "-C", str(own)]
        with (self.folder / "log/stdout").open("ab") as output:
            self._process = await asyncio.create_subprocess_exec(
                *command, stdin=asyncio.subprocess.DEVNULL, stdout=output, stderr=output, cwd="/"
            )
        try:
            async with asyncio.timeout(BOOT):
                await self._booted()
        except (TimeoutError, LabError) as error:
            raise LabError(f"Asterisk did not boot: {error or f'{BOOT:.0f} s are over'}\n{self.log_tail()}") from error

    async def _booted(self) -> None:
        while True:
            with contextlib.suppress(OSError):  # its console does not listen yet
                if "fully booted" in await self._ask("core waitfullybooted"):
                    return
            assert self._process is not None
            if self._process.returncode is not None:
                raise LabError(f"it ended with {self._process.returncode}")
            await asyncio.sleep(0.02)  # a socket that does not exist yet cannot be awaited

    async def stop(self) -> None:
        """Stop it now, hanging up what is left; nothing to do if it does not run."""
        await self._end(signal.SIGTERM)

    async def kill(self) -> None:
        """End it as a crash would: nobody is told."""
        await self._end(signal.SIGKILL)

    async def restart(self) -> None:
        """Kill it and start it again on the same ports with the same configuration."""
        await self.kill()
        (self.folder / "run/asterisk.ctl").unlink(missing_ok=True)
        await self.start()

    async def _end(self, how: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        if process.returncode is None:
            process.send_signal(how)
            try:
                async with asyncio.timeout(10):
                    await process.wait()
            except TimeoutError:
                process.kill()
        await process.wait()

    async def cli(self, command: str) -> str:
        """Run a command of Asterisk's console and give what it prints."""
        try:
            async with patience(15):
                return await self._ask(command)
        except OSError as error:
            raise LabError(
                f"Asterisk's console does not answer ({error}); has it crashed?\n{self.log_tail()}"
            ) from error

    async def _ask(self, command: str) -> str:
        # The path of a Unix socket is short; through the folder's descriptor it always fits.
        folder = os.open(self.folder / "run", os.O_PATH)
        try:
            reader, writer = await asyncio.open_unix_connection(f"/proc/self/fd/{folder}/asterisk.ctl")
        finally:
            os.close(folder)
        try:
            await reader.readline()  # host/pid/version
            writer.write(f"cli quit after {command}\0".encode())
            await writer.drain()
            return re.sub(r"\x1b\[[0-9;]*m|\x7f|\0", "", (await reader.read()).decode(errors="replace"))
        finally:
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()

    async def channels(self) -> list[str]:
        """Names of the channels that are up."""
        lines = (await self.cli("core show channels concise")).splitlines()
        return [line.split("!")[0] for line in lines if "!" in line]

    async def bridges(self) -> list[str]:
        """Ids of the bridges that are there."""
        lines = (await self.cli("bridge show all")).splitlines()
        return [line.split()[0] for line in lines[1:] if line.strip()]

    async def audit(self, within: float = 3.0) -> None:
        """Assert that no channel and no bridge is left, now or at most `within` seconds later."""
        left: list[str] = []
        try:
            async with patience(within):
                while left := [*await self.channels(), *await self.bridges()]:  # noqa: ASYNC110 - it can only be asked
                    await asyncio.sleep(0.02)
        except TimeoutError:
            raise AssertionError(f"left in Asterisk: {', '.join(left)}\n{self.log_tail()}") from None

    def log_tail(self, lines: int = 40) -> str:
        """The last lines of its logs."""
        texts = [
            path.read_text(errors="replace")
            for path in (self.folder / "log/stdout", self.folder / "log/full")
            if path.exists()
        ]
        return "\n".join(line for text in texts for line in text.splitlines()[-lines:])
