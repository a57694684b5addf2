"""Every rule and every race of a ladder, as a story that a customer can read."""

from __future__ import annotations

from pathlib import Path

import pytest

from callrouter.sim.story import StoryError, read, transcript

STORIES = sorted((Path(__file__).parent.parent / "stories").glob("*.txt"))


def test_there_are_stories() -> None:
    """The stories are found."""
    assert len(STORIES) >= 40


@pytest.mark.parametrize("path", STORIES, ids=lambda path: path.stem)
def test_story(path: Path, rewriting: bool) -> None:
    """The call goes as the story tells."""
    text = path.read_text(encoding="utf-8")
    told = transcript(text)
    if rewriting:
        path.write_text(told, encoding="utf-8")
    else:
        assert told == text


@pytest.mark.parametrize("line", ["anna: dances", "step: ring everybody", "step: ring head (gleb) until noon"])
def test_not_understood(line: str) -> None:
    """A line that means nothing is refused, not passed over."""
    with pytest.raises(StoryError):
        read(line)
