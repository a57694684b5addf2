"""What people hear before they are connected: music and announcements for the caller, the question on a mobile.

Asterisk queues what a channel is told: ringing or music that is asked for behind an announcement begins when that has
ended. Setting a variable, answering and bridging wait as well, and hold up the connection: what plays stops first.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

import structlog

from callrouter.ari.errands import Errands
from callrouter.ari.errors import AriAway, AriRefused
from callrouter.ari.insist import insist, once
from callrouter.ari.register import Register
from callrouter.ari.requests import QUICK, Request, Requests
from callrouter.ari.telling import SHORTLY, Telling
from callrouter.ari.translate import Whose, prompt_of
from callrouter.core import commands as cm
from callrouter.core.call import Call, LegState
from callrouter.core.confirm import is_asked
from callrouter.core.words import CallId, Instant, LegId

ROUND = 5.0
"""Seconds that saying the question once takes at the least: it is repeated until the phone stops …"""
MEDIA_MOST = 127
"""… or as often as Asterisk takes it: a list with more in it is refused whole."""

_PLAYING = {"queued", "playing", "continuing"}

log = structlog.get_logger()


class Sounds:
    """Nothing waits for a sound to begin; what is told to stop has stopped."""

    def __init__(
        self, ari: Requests, now: Callable[[], Instant], channels: Register, telling: Telling, errands: Errands
    ) -> None:
        self._ari = ari
        self._now = now
        self._channels = channels
        self._telling = telling
        self._errands = errands
        self._beginning: dict[str, asyncio.Task[None]] = {}
        self._asked: set[str] = set()

    def music(self, play: cm.PlayMusic) -> None:
        """Let the caller hear music."""
        self._errands.send(self._telling.tell(_music(play.caller, play.music)))

    def announce(self, call: CallId, announce: cm.Announce) -> None:
        """Play to the caller, then let him hear again that he waits."""
        self._channels.know(announce.announcement, Whose(call))
        self._begin(announce.announcement, self._announce(announce))

    def ask(self, confirm: cm.Confirm) -> None:
        """Say on a phone who calls, and listen for a key."""
        self._asked.add(confirm.leg)
        self._begin(_question(confirm.leg), self._ask(confirm))

    def take_up(self, call: Call) -> None:
        """Listen for the keys of a call that a former life has left: the question plays on."""
        self._asked.update(leg.id for leg in call.legs if leg.state is LegState.ASKED)

    def is_asked(self, channel: str) -> bool:
        """Whether what is pressed on this channel means something."""
        return channel in self._asked

    async def understand(self, leg: LegId) -> None:
        """The question on this leg, if there was one, has been answered."""
        if leg in self._asked:
            self._asked.discard(leg)
            await self.hush((_question(leg),))

    def forget(self, channel: str) -> None:
        """The channel is gone, and what played on it."""
        self._asked.discard(channel)

    async def hush(self, playing: Sequence[str]) -> None:
        """Stop these, the latest first: what is queued must not begin when the one before it stops."""
        for playback in reversed(playing):
            if (beginning := self._beginning.get(playback)) is not None:
                await asyncio.wait({beginning}, timeout=SHORTLY)
                beginning.cancel()  # what Asterisk has not taken by now must not begin in a conversation
            await self._telling.tell(Request("DELETE", f"playbacks/{playback}"))

    async def silence(self, call: Call) -> None:
        """Stop all that may play in a call that another worker has left: behind it no channel moves."""
        asked = (_question(leg.id) for leg in call.legs if leg.state is not LegState.GONE and is_asked(call, leg))
        for playback in (*reversed(call.playing), prompt_of(call.id), *asked):
            await once(self._ari, Request("DELETE", f"playbacks/{playback}"))

    def _begin(self, playback: str, work: Coroutine[Any, Any, None]) -> None:
        task = self._beginning[playback] = self._errands.send(work)
        task.add_done_callback(lambda _: self._beginning.pop(playback, None))

    async def _announce(self, announce: cm.Announce) -> None:
        play = Request("POST", f"channels/{announce.caller}/play/{announce.announcement}", {"media": announce.media})
        await self._play(play)
        waits = Request("POST", f"channels/{announce.caller}/ring")
        await self._telling.tell(waits if announce.music is None else _music(announce.caller, announce.music))

    async def _ask(self, confirm: cm.Confirm) -> None:
        words = [*_spoken(confirm.number), "sound:vm-press", "sound:digits/1", "sound:silence/2"]
        times = math.ceil(max(1.0, confirm.until - self._now()) / ROUND)
        media = ",".join(words * min(times, MEDIA_MOST // len(words)))
        playback = _question(confirm.leg)
        if await self._plays(playback):  # a former life's: it goes on
            return
        params: dict[str, str | int] = {"media": media, "lang": confirm.language}
        await self._play(Request("POST", f"channels/{confirm.leg}/play/{playback}", params))

    async def _plays(self, playback: str) -> bool:
        """Whether Asterisk plays this: of two with one name it would stop only one."""
        try:
            answer = await self._ari.send(Request("GET", f"playbacks/{playback}"))
        except (AriAway, AriRefused):
            return False
        return isinstance(answer, dict) and answer.get("state") in _PLAYING

    async def _play(self, play: Request) -> None:
        try:
            await insist(self._ari, play, QUICK)
        except (AriAway, AriRefused) as error:
            log.warning("a sound cannot be played", request=str(play), params=play.params, error=str(error))


def _question(leg: LegId) -> str:
    return f"{leg}.question"


def _spoken(number: str | None) -> list[str]:
    """Digit by digit: of `digits:…` Asterisk stops only the one that is being said, and says the others."""
    if number is None:
        return ["sound:from-unknown-caller"]
    return ["sound:vm-from-phonenumber", *(f"sound:digits/{one}" for one in number if one.isdecimal())]


def _music(caller: str, music: str) -> Request:
    return Request("POST", f"channels/{caller}/moh", {"mohClass": music})
