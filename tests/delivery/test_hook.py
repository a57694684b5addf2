"""Web hooks, to a real HTTP receiver on loopback and its faults."""

from __future__ import annotations

import base64
import hashlib
import hmac

import pytest

from callrouter.delivery import hook, ways
from callrouter.delivery.letter import NotTakenError, RefusedError
from callrouter.delivery.ways import Ways
from tests.delivery.letters import LETTER
from tests.lab.receiver import Receiver

SECRET = "0123456789abcdef"
NOW = 1_795_200_123.9


async def test_a_post_is_signed_and_holds_everything() -> None:
    """The text, the files byte for byte, an id that never changes, and the signature as the docs say it."""
    async with Receiver() as there:
        for after in (0, 60):
            await hook.deliver(there.url, LETTER, SECRET, NOW + after)
    first, second = there.received
    assert first.head == "POST /callrouter?company=1 HTTP/1.1"
    assert first.id == second.id == first.json["id"] == LETTER.id
    assert (first.json["kind"], first.json["subject"], first.json["text"]) == ("export", LETTER.subject, LETTER.text)
    files = [(one["name"], one["type"], base64.b64decode(one["content"])) for one in first.json["files"]]
    assert files == [(one.name, one.media_type, one.content) for one in LETTER.files]
    made = hmac.new(SECRET.encode(), b"1795200123." + first.body, hashlib.sha256).hexdigest()
    assert first.headers["x-callrouter-signature"] == f"t=1795200123,v1={made}"
    assert second.headers["x-callrouter-signature"].startswith("t=1795200183,v1=")


@pytest.mark.parametrize("status", ["400 Bad", "401 No", "404 Gone", "410 Gone", "413 Big", "422 No"])
async def test_a_refusal_stands(status: str) -> None:
    """It is not tried again."""
    async with Receiver(status) as there:
        with pytest.raises(RefusedError, match=f"it answered {status[:3]}"):
            await hook.deliver(there.url, LETTER, SECRET, NOW)


@pytest.mark.parametrize("status", ["500 Oh", "502 Oh", "503 Oh", "408 Slow", "429 Often", "reset", "nonsense"])
async def test_what_passes_is_tried_again(status: str) -> None:
    """The receiver fails, is too busy, or is gone after the last byte."""
    async with Receiver(status) as there:
        with pytest.raises(NotTakenError) as raised:
            await hook.deliver(there.url, LETTER, SECRET, NOW)
    assert "company=1" not in str(raised.value)
    assert len(there.received) == 1


async def test_a_redirect_is_not_followed() -> None:
    """The letter goes where the scheme says, and nowhere else."""
    async with Receiver() as elsewhere, Receiver("307 There", f"Location: {elsewhere.url}\r\n") as there:
        with pytest.raises(RefusedError, match="redirects are not followed"):
            await hook.deliver(there.url, LETTER, SECRET, NOW)
    assert not elsewhere.received


async def test_silence_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """A receiver that does not answer is left after the time there is for the whole."""
    monkeypatch.setattr(ways, "AT_MOST", 0.2)
    async with Receiver("silent") as there:
        with pytest.raises(NotTakenError, match="was not taken within"):
            await Ways(hook_secret=SECRET).deliver(f"hook:{there.url}", LETTER, NOW)


async def test_nothing_goes_unsigned() -> None:
    """Without a secret the setting is named; nobody listening is theirs."""
    async with Receiver() as there:
        with pytest.raises(NotTakenError, match="HOOK_SECRET is not set"):
            await hook.deliver(there.url, LETTER, None, NOW)
    with pytest.raises(NotTakenError, match="no answer"):
        await hook.deliver(there.url, LETTER, SECRET, NOW)
    assert not there.received
