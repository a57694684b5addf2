"""Where the doctor gets Asterisk's settings from: Asterisk itself reads them to us, else its files are at hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

from callrouter.doctor.console import LOOPBACK, Asked, Console
from callrouter.pbx import conf

USUAL = Path("/etc/asterisk")
_HTTP = {"http": "8088", "https": "8089"}


class UnreadError(Exception):
    """The file is there, and we may not read it."""


class Source(Protocol):
    """Who knows what stands in Asterisk's files."""

    async def value(self, file: str, section: str, key: str) -> str | None:
        """Return a setting, None where it is not set. Raises UnreadError."""
        ...


@dataclass(frozen=True, slots=True)
class Told:
    """Asterisk reads its own files to us, by the dialplan's AST_CONFIG()."""

    asked: Asked

    async def value(self, file: str, section: str, key: str) -> str | None:
        """See `Source`; -1: of several of one name the last counts."""
        return await self.asked.read(f"AST_CONFIG({file},{section},{key},-1)") or None

    def __str__(self) -> str:
        return (
            f"Asterisk itself reads them to us, {'at its console' if isinstance(self.asked, Console) else 'over ARI'}"
        )


@dataclass(frozen=True, slots=True)
class Files:
    """The folder of its settings."""

    folder: Path
    known: dict[str, conf.Sections] = field(default_factory=dict)

    async def value(self, file: str, section: str, key: str) -> str | None:
        """See `Source`."""
        if file not in self.known:
            self.known[file] = conf.parse(self._texts, file)
        return self.known[file].get(section, {}).get(key.lower())

    def _texts(self, name: str) -> list[str]:
        path = self.folder / name
        try:
            named = sorted(path.parent.glob(path.name)) if any(char in name for char in "*?[") else [path]
            return [one.read_text("utf-8", "replace") for one in named if one.is_file()]
        except OSError as error:
            raise UnreadError(f"{path}: {error.strerror}") from None

    def __str__(self) -> str:
        return f"read from {self.folder}"


@dataclass(frozen=True, slots=True)
class Loaded:
    """What Asterisk said that it works with comes before what stands in its files."""

    values: Mapping[tuple[str, str], str]
    behind: Source

    async def value(self, file: str, section: str, key: str) -> str | None:
        """See `Source`."""
        return self.values.get((file, key)) or await self.behind.value(file, section, key)


async def source(asked: Asked | None, etc: Path | None, url: str, user: str) -> Told | Files | None:
    """Return who knows; None: nobody. `etc`: the folder that was named; None: the usual one, if it is of this Asterisk.

    The user we log in as is in ari.conf, so that Asterisk answers for him shows that it answers at all.
    """
    if etc is not None:
        return Files(etc)
    if asked is not None and await _reads(asked, user):
        return Told(asked)
    usual = Files(USUAL)
    return usual if await _is_of(usual, url) else None


async def _reads(asked: Asked, user: str) -> bool:
    if isinstance(asked, Console):
        return await asked.knows("AST_CONFIG")
    return await Told(asked).value("ari.conf", user, "type") == "user"


async def _is_of(files: Files, url: str) -> bool:
    """Whether these are the files of the Asterisk at this address: it is on this host, and has that port."""
    where = urlsplit(url)
    if where.hostname not in LOOPBACK or not files.folder.is_dir():
        return False
    key = "tlsbindaddr" if where.scheme == "https" else "bindport"
    try:
        said = await files.value("http.conf", "general", key)
    except UnreadError:
        return True  # it says so itself, line by line
    usual = _HTTP[where.scheme]
    return (said or usual).rpartition(":")[2] == str(where.port or usual)
