"""What the demo shows: a line for each thing that happens to a call, and below them who rings and for how long."""

from __future__ import annotations

import asyncio
import re
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rich.console import Console
from rich.live import Live
from rich.text import Text

from tests.demo.company import BY_KEY

if TYPE_CHECKING:
    from collections.abc import Iterator

COLOURS = ("cyan", "yellow", "green", "magenta", "blue", "red")
TOLD = re.compile(r"(?P<call>\S+) (?P<at>-?\d+\.\d) (?P<heard>.*?)(?: -> (?P<done>.*))?")
PERSON = re.compile(rf"\b({'|'.join(BY_KEY)})\b")
STOPPED = re.compile(r"hang up (\w+) \(|^(\w+) (?:picks up|ended|is gone)")
NOISE = re.compile(r"(?:\w+|the caller) is (?:gone|in the bridge)")
ONE = re.compile(r"(?P<verb>ring|hang up) (?P<who>\w+)(?: (?P<why>\(.*\)))?")
FREE = re.compile(r"\w+ free")
FRAME = 0.1
"""Seconds between two pictures of who rings."""


@dataclass(slots=True)
class Climbing:
    """A call as far as its lines have told."""

    number: int
    began: float
    """Our monotonic clock at its arrival, as near as the lines tell."""
    held: list[str] = field(default_factory=list)
    ringing: dict[str, float] = field(default_factory=dict)
    """Who rings, since which second of the call."""
    talking: str = ""
    over: bool = False


class View:
    """Prints; on a terminal with colours and a moving picture."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.calls: dict[str, Climbing] = {}
        self._changed = asyncio.Event()
        self._live = Live(console=console, auto_refresh=False, transient=True)

    def say(self, text: str = "", style: str = "") -> None:
        """Print a line as it is."""
        self.console.print(Text(text, style), soft_wrap=True)

    def heading(self, text: str) -> None:
        """Print a line that begins something."""
        self.say()
        self.say(text, "bold")

    async def animate(self) -> None:
        """Keep the picture moving until cancelled; without a terminal there is none."""
        if not self.console.is_terminal:
            return
        with self._live:
            while True:
                self._live.update(Text("\n").join(self._picture()), refresh=True)
                await asyncio.sleep(FRAME)

    async def over(self, count: int) -> None:
        """Wait until so many calls have been shown to their end."""
        while sum(call.over for call in self.calls.values()) < count:
            self._changed.clear()
            await self._changed.wait()

    def told(self, line: str) -> None:
        """Take a line of `callrouter calls watch`."""
        if not (found := TOLD.fullmatch(line.rstrip())):
            self.say(line)
            return
        at, heard, done = float(found["at"]), found["heard"], found["done"] or ""
        call = self.calls.get(found["call"])
        if call is None:
            call = Climbing(len(self.calls) + 1, time.monotonic() - at)
            self.calls[found["call"]] = call
        call.began = min(call.began, time.monotonic() - at)
        self._show(call, at, heard, done)
        self._changed.set()

    def _show(self, call: Climbing, at: float, heard: str, done: str) -> None:
        rang = _follow(call, at, heard, done)
        if done.startswith("who is free"):
            call.held.append(heard)  # its answer follows at once and is shown with it
            return
        if call.held:
            away = [part for part in heard.split(", ") if not FREE.fullmatch(part)]
            heard = ", ".join(dict.fromkeys(part for held in (*call.held, *away) for part in held.split(", ")))
            call.held.clear()
            done = done or ("hold the step for them" if away else "")
        if done or not NOISE.fullmatch(heard):
            self._print(call, at, f"{heard} -> {_grouped(done)}" if done else heard, rang)

    def _print(self, call: Climbing, at: float, text: str, rang: list[str]) -> None:
        shown = Text()
        shown.append(f"{call.number:>4}  ", f"bold {colour(call)}")
        shown.append(f"{at:4.1f}  ", "dim")
        shown.append(named(text))
        if rang:
            shown.append(f"   [rang: {', '.join(rang)}]", "dim")
        self.console.print(shown, soft_wrap=True)

    def _picture(self) -> Iterator[Text]:
        now = time.monotonic()
        for call in list(self.calls.values()):
            if call.over:
                continue
            line = Text()
            line.append(f"{call.number:>4}  {now - call.began:4.1f}  ", colour(call))
            for person, since in call.ringing.items():
                seconds = max(0.0, now - call.began - since)
                line.append(f"{named(person)} rings {'▮' * min(30, int(seconds * 5))} {seconds:.1f} s   ", "bold")
            if call.talking:
                line.append(f"talks to {named(call.talking)}", "bold green")
            yield line


def colour(call: Climbing) -> str:
    """Return the colour of a call's number."""
    return COLOURS[call.number % len(COLOURS)]


def _follow(call: Climbing, at: float, heard: str, done: str) -> list[str]:
    """Keep who rings; give who stopped, and how long he rang."""
    if heard.endswith(" rings"):
        call.ringing[heard.split(maxsplit=1)[0]] = at
    if "connect " in done:
        call.talking = done.rpartition("connect ")[2].split(";")[0]
    if heard == "the caller is gone":
        call.over, call.talking = True, ""
    stopped = dict.fromkeys(name for text in (heard, done) for pair in STOPPED.findall(text) for name in pair if name)
    return [f"{named(who)} {at - call.ringing.pop(who):.1f} s" for who in stopped if who in call.ringing]


def _grouped(done: str) -> str:
    """Say `ring anna, boris` and `hang up anna, boris (no answer)` where the trace says each by itself."""
    grouped: dict[tuple[str, str], list[str]] = {}
    for part in done.split("; "):
        found = ONE.fullmatch(part)
        key = (found["verb"], found["why"] or "") if found else (part, "")
        grouped.setdefault(key, []).extend([found["who"]] if found else [])
    return "; ".join(" ".join(filter(None, (verb, ", ".join(who), why))) for (verb, why), who in grouped.items())


def named(text: str) -> str:
    """Return the text with the people's names in place of their keys."""
    return PERSON.sub(lambda found: BY_KEY[found[1]].short, text)
