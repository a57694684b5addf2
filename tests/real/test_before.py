"""The truth before switching over: a plain PBX's own records give what the phones on it saw."""

from __future__ import annotations

import asyncio
import json
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.lab import AsteriskRoot, Call, Company, Lab, answers, config, patience, rejects, rings
from tests.real.worker import COMMAND

SECOND = 1.1
"""Records have whole seconds: who talks for less may have talked for none."""
MODULES = f"{config.MODULES} app_queue app_voicemail cdr_csv".split()
CDR_CONF = """[general]
enable=yes
unanswered=yes
[csv]
usegmtime=no
loguniqueid=yes
loguserfield=no
accountlogs=no
newcdrcolumns=yes
"""
QUEUES = """[general]
[sales]
strategy=ringall
timeout=10
member => PJSIP/101
member => PJSIP/102
[halves]
strategy=ringall
timeout=10
member => Local/101@phones/n
member => Local/102@phones/n
"""
DIALPLAN = """
[from-trunk]
exten => 4951,1,Dial(PJSIP/101&PJSIP/102,2)
 same => n,VoiceMail(100@default,u)
exten => 4952,1,Answer()
 same => n,Queue(sales,,,,2)
exten => 4953,1,Answer()
 same => n,Playback(demo-congrats)
exten => 4954,1,Answer()
 same => n,Queue(halves,,,,2)
exten => 4955,1,Dial(PJSIP/101,10)

[phones]
exten => _8XXXXXXXXXX,1,Dial(PJSIP/${EXTEN}@trunk,10)
"""


@pytest.fixture
async def lab(asterisk_root: AsteriskRoot) -> AsyncIterator[Lab]:
    """A PBX as it was before: ring-all with voicemail, queues, an announcement; Asterisk writes its Master.csv."""
    files = {
        "modules.conf": "[modules]\nautoload=no\n" + "".join(f"load = {module}.so\n" for module in MODULES),
        "cdr.conf": CDR_CONF,
        "queues.conf": QUEUES,
        "voicemail.conf": "[general]\nformat=wav\n[default]\n100 => 1234,Sales\n",
    }
    async with Lab(["101", "102", "103"], Company(dialplan=DIALPLAN, files=files), root=asterisk_root) as running:
        (running.asterisk.folder / "log/cdr-csv").mkdir()
        yield running


def _client(number: int) -> str:
    return f"8916123{number:04}"


async def _calls(lab: Lab, number: int, line: str) -> Call:
    return await lab.trunk.dial(line, caller=_client(number))


async def _rings(lab: Lab, phone: str, number: int) -> Call:
    """The call of this client that rings at a phone."""
    while True:
        call = await lab.phone(phone).incoming(10.0)
        if call.shown.number == _client(number):
            await call.wait("ringing")
            return call


async def _nobody_answers(lab: Lab) -> None:
    """1 to 6: nobody of the company talks to them, though the PBX itself picks up for most of them."""
    call = await _calls(lab, 1, "4951")
    await call.wait("answered")  # by voicemail
    await call.hangup()
    call = await _calls(lab, 2, "4951")
    await _rings(lab, "102", 2)
    await call.hangup()
    await (await _calls(lab, 3, "4952")).wait("ended", 20)  # the queue gives up
    call = await _calls(lab, 4, "4952")
    await _rings(lab, "101", 4)
    await call.hangup()
    call = await _calls(lab, 5, "4953")
    await call.wait("answered")  # by an announcement
    await call.hangup()
    for phone in ("101", "102"):
        lab.phone(phone).behaviour = rejects(486)
    call = await _calls(lab, 6, "4951")
    await call.wait("answered")
    await call.hangup()
    for phone in ("101", "102"):
        lab.phone(phone).behaviour = rings()


async def _somebody_answers(lab: Lab) -> None:
    """11 to 16: ring-all, both queues, a transfer of either kind, and one who had been lost."""
    for number, line in ((11, "4951"), (12, "4952"), (13, "4954"), (2, "4951")):
        call = await _calls(lab, number, line)
        theirs = await _rings(lab, "102", number)
        theirs.answer()
        await call.wait("answered")
        await asyncio.sleep(SECOND)
        await call.hangup()
    lab.phone("102").behaviour = answers()
    for number in (14, 15):
        call = await _calls(lab, number, "4955")
        theirs = await _rings(lab, "101", number)
        theirs.answer()
        await call.wait("answered")
        await asyncio.sleep(SECOND)
        if number == 14:
            assert await theirs.blind_transfer("102") == 200
        else:
            other = await lab.phone("101").dial("102")
            await other.wait("answered")
            await asyncio.sleep(SECOND)
            assert await theirs.attended_transfer(other) == 200
        await asyncio.sleep(SECOND)
        await call.hangup()


async def _we_call(lab: Lab) -> None:
    """1 is called back and talks, 3 is called back in vain; 103 is busy when a colleague calls, which is the last."""
    lab.trunk.then(answers(), rejects(486))
    for number, is_there in ((1, True), (3, False)):
        call = await lab.phone("101").dial(_client(number))
        await call.wait("answered" if is_there else "ended")
        await asyncio.sleep(SECOND if is_there else 0)
        await call.hangup()
    lab.phone("103").behaviour = rejects(486)
    await (await lab.phone("101").dial("103")).wait("ended")


async def _written(lab: Lab) -> list[str]:
    """The lines of Master.csv, once the last call's is there: Asterisk writes them one after another."""
    file = lab.asterisk.folder / "log/cdr-csv/Master.csv"
    async with patience(20):
        while not file.exists() or '"101","103"' not in file.read_text():  # noqa: ASYNC110 - another process's
            await asyncio.sleep(0.05)
    return file.read_text().splitlines(keepends=True)


def _counted(folder: Path, *more: str) -> Any:
    said = subprocess.run(
        [*COMMAND, "lcr", "--from-cdr", "Master.csv", "--timezone", "UTC", "--rows", "--json", *more],
        cwd=folder,
        check=True,
        capture_output=True,
    )
    return json.loads(said.stdout)


@pytest.mark.parametrize("is_linked", [True, False])
async def test_the_records_tell_what_the_phones_saw(lab: Lab, tmp_path: Path, is_linked: bool) -> None:
    """Every call has the outcome its phones saw, one for each, with the newer columns of cdr_csv or without them."""
    await _nobody_answers(lab)
    await _somebody_answers(lab)
    await _we_call(lab)
    lines = await _written(lab)
    if not is_linked:
        lines = [",".join(line.rsplit(",", 3)[:1]) + "\n" for line in lines]
    (tmp_path / "Master.csv").write_text("".join(lines))
    told = await asyncio.to_thread(_counted, tmp_path)
    talked = {
        call.shown.number
        for name in ("101", "102")
        for call in lab.phone(name).calls
        if not call.outgoing and call.answered_at and call.shown.number.startswith("8")
    }
    rows = {(row["caller_raw"], row["arrived_at"]): row for row in told["rows"]}
    assert len(rows) == 12
    assert {row["caller_raw"] for row in rows.values() if row["outcome"] == "answered"} == talked
    reasons = {row["caller_raw"]: row["lost_reason"] for row in rows.values() if row["outcome"] == "lost"}
    assert reasons == {
        _client(1): "no_answer",
        _client(2): "abandoned",
        _client(3): "no_answer",
        _client(4): "abandoned",
        _client(5): "abandoned",
        _client(6): "no_answer",
    }
    assert [told["calls"], told["answered"], told["lost"]] == [12, 6, 6]
    clients = told["clients"]
    assert [clients[fate] for fate in ("rescued", "returned", "attempted", "ignored")] == [1, 1, 1, 3]
    who = {row["caller_raw"]: [talk["person"] for talk in row["talk"]] for row in rows.values() if row["talk"]}
    assert who == {_client(number): ["PJSIP/102"] for number in (2, 11, 12, 13)} | {
        _client(number): ["PJSIP/101", "PJSIP/102"] for number in (14, 15)
    }
