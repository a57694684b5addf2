"""Into a directory: each file whole or not at all, the same bytes again."""

from __future__ import annotations

import asyncio
import os
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from callrouter.delivery.letter import NotTakenError

if TYPE_CHECKING:
    from callrouter.delivery.letter import Letter

MODE = 0o640
"""Who runs the router writes, his group reads: names and numbers of clients are in it."""


async def deliver(path: str, letter: Letter) -> None:
    """Write the letter's files, or its text if it has none; raise NotTakenError where the directory takes nothing."""
    try:
        await asyncio.to_thread(_write_all, Path(path), letter)
    except OSError as error:
        raise NotTakenError(f"cannot write to {path}: {error.strerror}") from None


def _write_all(directory: Path, letter: Letter) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    for file in letter.files:
        _write(directory / file.name, file.content)
    if not letter.files:
        _write(directory / f"{letter.kind}-{letter.id}.txt", f"{letter.subject}\n\n{letter.text}\n".encode())


def _write(path: Path, content: bytes) -> None:
    """Write beside it and rename: who reads meanwhile sees the old file or the new one, whole."""
    handle, fresh = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(fresh).chmod(MODE)
        Path(fresh).replace(path)
    except OSError:
        with suppress(OSError):
            Path(fresh).unlink()
        raise
