"""With what a channel was handed over, and which of them dialled a feature code."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from callrouter.ari.features import is_feature
from callrouter.ari.inventory import arguments_of
from callrouter.ari.messages import Channel, Dialplan


@pytest.mark.parametrize(
    ("app", "data", "given"),
    [
        ("Stasis", "callrouter,+7495", ("+7495",)),
        ("Stasis", "callrouter,feature,pause,обед", ("feature", "pause", "обед")),
        ("Stasis", "callrouter", ("s",)),
        ("StasisBroadcast", "1500,^callrouter,+7495", ("+7495",)),
        ("StasisBroadcast", "1500,^callrouter,+7495:%2Fin.wav", ("+7495", "%2Fin.wav")),
        ("StasisBroadcast", "1500,^callrouter,feature:pause:", ("feature", "pause", "")),
        ("StasisBroadcast", "1500", ("s",)),
        ("StasisBroadcast", "", ("s",)),
        ("Dial", "PJSIP/101,60", ("s",)),
    ],
)
def test_with_what_a_channel_was_handed_over(app: str, data: str, given: tuple[str, ...]) -> None:
    """`Stasis()` has commas between its arguments, `StasisBroadcast()` colons; without any it is what was dialled."""
    where = Dialplan(exten="s", app_name=app, app_data=data)
    channel = Channel(id="1", name="PJSIP/101-1", state="Up", dialplan=where)
    assert arguments_of(channel) == given
    assert is_feature(given) == (given[0] == "feature")


def test_a_caller_who_dials_the_word_is_a_caller() -> None:
    """His line stands alone, or with his recording: what stands in an extension, and what is encoded, are no more."""
    assert not is_feature(("feature",))
    assert not is_feature(("feature", ""))
    assert not is_feature(("feature", quote("/in-a,b:c.wav", safe="")))
    assert not is_feature(())
