"""What the pages tell Asterisk, told to a real one."""

from __future__ import annotations

import re
import shlex

from tests.docs.pages import BLOCKS, spoken
from tests.lab import Lab

SAID = {said for said in spoken() if said.startswith("asterisk -rx ")} | {
    line for block in BLOCKS for line in block.text.splitlines() if line.startswith("asterisk -rx ")
}


async def test_asterisk_knows_the_words() -> None:
    """Each `asterisk -rx` of a page is a command of Asterisk's, with as many arguments as it takes."""
    assert len(SAID) >= 5
    async with Lab([]) as lab:
        for said in SAID:
            _, _, command = shlex.split(said)
            answer = await lab.asterisk.cli(command)
            assert not re.search("No such command|Usage:", answer), f"{said}: {answer}"
        assert "No such command" in await lab.asterisk.cli("core reloat")
