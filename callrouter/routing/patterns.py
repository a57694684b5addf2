"""Many numbers of one line, as a document writes them: one, a pattern, or the first and the last."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from callrouter.routing import numbers

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

WRITTEN = r"\+[1-9][0-9]{0,13}X{1,9}|\+?[0-9]{5,15}(?:\.\.\+?[0-9]{5,15})?"
_PATTERN = re.compile(r"\+[1-9][0-9]*X+")
_TAKEN_FOR_X = str.maketrans(dict.fromkeys("xхХ*", "X"))


class Claim(NamedTuple):
    """Numbers that a line says are its own, and at which place of the document."""

    pattern: str
    line: str
    place: int


def patterns(text: str, country: str) -> tuple[str, ...]:
    """Return the numbers as E.164, X for any digit at their end; nothing: they are no valid numbers."""
    if not re.fullmatch(WRITTEN, text):
        return ()
    if _PATTERN.fullmatch(text):
        return (text,) if any(numbers.read(text.replace("X", digit), country).e164 for digit in "0123456789") else ()
    low, dots, high = text.partition("..")
    first = numbers.read(low, country).e164
    last = numbers.read(high, country).e164 if dots else first
    if first is None or last is None or len(first) != len(last):
        return ()
    return tuple(_between(int(first), int(last)))


def meant(text: str, country: str) -> str | None:
    """Return what was probably meant by something that is not written as numbers are."""
    digits = re.sub(r"[\s()-]", "", text).translate(_TAKEN_FOR_X)
    home = numbers.read(digits.replace("X", "0"), country).e164
    known = None if home is None else home[: len(home) - digits.count("X")] + "X" * digits.count("X")
    return next((one for one in (digits, known) if one and one != text and patterns(one, country)), None)


def clashes(claims: Iterable[Claim]) -> Iterator[tuple[Claim, Claim]]:
    """Yield pairs of claims of different lines to one number, the later one first."""
    around: list[Claim] = []
    for claim in sorted(claims, key=lambda one: (len(one.pattern), one.pattern.replace("X", "0"), -_open(one))):
        while around and not _holds(around[-1].pattern, claim.pattern):
            around.pop()
        if around and around[-1].line != claim.line:
            yield max(claim, around[-1], key=_place), min(claim, around[-1], key=_place)
        around.append(claim)


def _between(first: int, last: int) -> Iterator[str]:
    """Yield the patterns that are the numbers from one to the other, as few as possible."""
    while first <= last:
        places = 0
        while first % 10 ** (places + 1) == 0 and first + 10 ** (places + 1) - 1 <= last:
            places += 1
        yield f"+{str(first)[: len(str(first)) - places]}{'X' * places}"
        first += 10**places


def _holds(whole: str, part: str) -> bool:
    """Return whether every number of a pattern is one of another."""
    return len(whole) == len(part) and part.startswith(whole.rstrip("X"))


def _open(claim: Claim) -> int:
    return claim.pattern.count("X")


def _place(claim: Claim) -> int:
    return claim.place
