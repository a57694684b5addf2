"""Our lines in a file of somebody else's: between two marks, at its end, and to be taken out to the last byte."""

from __future__ import annotations

import re

_BEGIN = "; >>> callrouter: put here by `callrouter dialplan install`, which writes it anew and takes it out (--remove)"
_END = "; <<< callrouter"
_NEW = " (the file was not there)"
_CUT = " (the last line before had no end)"
_BLOCK = re.compile(
    rb"^" + re.escape(_BEGIN).encode() + rb"(?P<how>[^\n]*)\n(?P<lines>.*?)^" + re.escape(_END).encode() + rb"\n?",
    re.DOTALL | re.MULTILINE,
)


class MarksError(Exception):
    """One of the marks is gone, or is there twice."""


def put(before: bytes | None, lines: str) -> bytes:
    """Return the file with these lines, in the place of those put there before; None: there is no file.

    Raises MarksError.
    """
    found = None if before is None else _block(before)
    if before is not None and found is not None:
        how = found["how"].decode("utf-8", "replace")
        return before[: found.start()] + _written(lines, how) + before[found.end() :]
    if before is None:
        return _written(lines, _NEW)
    if before and not before.endswith(b"\n"):
        return before + b"\n" + _written(lines, _CUT)
    return before + _written(lines, "")


def take_out(after: bytes) -> bytes | None:
    """Return the file as it was without them, None if there was none. Raises MarksError."""
    found = _block(after)
    if found is None:
        return after
    left = after[: found.start()], after[found.end() :]
    if found["how"].decode("utf-8", "replace") == _CUT and not left[1]:
        return left[0].removesuffix(b"\n")
    rest = b"".join(left)
    return None if found["how"].decode("utf-8", "replace") == _NEW and not rest else rest


def lines(after: bytes) -> str:
    """Return our lines in the file, empty without any. Raises MarksError."""
    found = _block(after)
    return "" if found is None else found["lines"].decode("utf-8", "replace")


def theirs(after: bytes) -> str:
    """Return the file's other lines. Raises MarksError."""
    return (take_out(after) or b"").decode("utf-8", "replace")


def _block(text: bytes) -> re.Match[bytes] | None:
    begins, ends = (text.count(b"\n" + mark.encode()) + text.startswith(mark.encode()) for mark in (_BEGIN, _END))
    found = _BLOCK.search(text)
    if (begins, ends) != ((0, 0) if found is None else (1, 1)):
        raise MarksError("the marks `; >>> callrouter` and `; <<< callrouter` are not one pair: mend them by hand")
    return found


def _written(lines: str, how: str) -> bytes:
    return f"{_BEGIN}{how}\n{lines.rstrip(chr(10))}\n{_END}\n".encode()
