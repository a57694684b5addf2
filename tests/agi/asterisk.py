"""An Asterisk for one AGI session: it has variables, evaluates what it is asked, and answers as the real one does."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass, field
from urllib.parse import quote

HEAD = "agi_network: yes\nagi_network_script: {}\nagi_request: agi://127.0.0.1/{}\nagi_callerid: {}\n\n"
_ASKED = re.compile(r"\$\{URIENCODE\(\$\{(.*?)\}\)\}(?=,|$)")
_WORD = re.compile(r'"((?:[^"\\]|\\.)*)"(?: |$)')


@dataclass
class Asterisk:
    """`variables` are what expressions evaluate to; `callerid` is sent as it is, whatever is in it."""

    variables: dict[str, str] = field(default_factory=dict)
    callerid: str = "89161234567"
    refuses: str = ""
    """A variable that cannot be set."""
    hangs_up: bool = False
    """The caller leaves before the first answer."""
    told: list[list[str]] = field(default_factory=list)

    async def runs(self, port: int, script: str) -> None:
        """Run `AGI(agi://127.0.0.1:PORT/SCRIPT)` until the other side closes."""
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(HEAD.format(script, script, self.callerid).encode())
        async with asyncio.timeout(60):
            while line := await reader.readline():
                words = [re.sub(r"\\(.)", r"\1", word) for word in _WORD.findall(line.decode().rstrip("\n"))]
                self.told.append(words)
                answer = "HANGUP\n" * self.hangs_up + self._answer(words)
                self.hangs_up = False
                writer.write(answer.encode())
        writer.close()

    def _answer(self, words: list[str]) -> str:
        if words[0] == "GET":
            value = _ASKED.sub(lambda found: quote(self.variables.get(found[1], ""), safe=""), words[3])
            return f"200 result=1 ({value})\n"
        if words[0] == "SET" and words[2] == self.refuses:
            return "520-Invalid command syntax.  Proper usage follows:\nUsage\n520 End of proper usage.\n"
        if words[:2] == ["EXEC", "MSet"]:
            pairs = words[2].split(",")
            assert len(pairs) <= 24
            self.variables |= dict(pair.split("=") for pair in pairs)
            return "200 result=0\n"
        if words[0] == "SET":
            self.variables[words[2]] = words[3]
        return "200 result=1\n"
