"""A PBX that records its calls goes on doing so behind the router, and the call's row says where the recording lies."""

from __future__ import annotations

import asyncio
import json
import signal
import struct
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.lab import Company, answers
from tests.real.rig import LINE, Rig, scheme
from tests.real.test_agi import AgiRig

if TYPE_CHECKING:
    from tests.lab import Phone

LADDER = '{ring = "department", seconds = 20},'
NAME = 'Рога (и "копыта"), ${SHELL(touch pwned)}'
RECORDED = """
[recorded]
exten => _[+0-9a-zA-Z].,1,Set(RECORDED=${ASTSPOOLDIR}/monitor/in-${EXTEN}-${CALLERID(num)}-${FILTER(0-9,${UNIQUEID})})
 same => n,MixMonitor("${RECORDED} ${CALLERID(name)}.ulaw",br(${RECORDED}-rx.ulaw)t(${RECORDED}-tx.ulaw))
 same => n,Goto(ENTRY,${EXTEN},1)
[queue]
exten => 600,1,Set(CDR(recordingfile)=q-600-${CALLERID(num)}.wav)
 same => n,Dial(${PJSIP_DIAL_CONTACTS(102)},10)
[phones](+)
exten => _9.,1,MixMonitor(out-${EXTEN:1}.wav,b)
 same => n,Set(CALLROUTER_DIALLED=${EXTEN:1})
 same => n,Gosub(callrouter-outbound,s,1)
 same => n,Dial(PJSIP/trunk,10)
"""


def dialplan(entry: str = "callrouter") -> str:
    """Return a PBX's own dialplan, which records and then leads to us."""
    return RECORDED.replace("ENTRY", entry)


def voiced(file: Path, phone: Phone) -> int:
    """Return how many packets of a phone's voice a recording has; each begins with its number."""
    return file.read_bytes().count(struct.pack("!HH", phone.voice, 0)) if file.exists() else 0


async def hears(file: Path, phone: Phone) -> None:
    """Wait until a recording has more of a phone's voice than now."""
    before = voiced(file, phone)
    async with asyncio.timeout(10.0):
        while voiced(file, phone) <= before:  # noqa: ASYNC110 - another process's
            await asyncio.sleep(0.05)


def beside(rig: Rig, recording: str) -> dict[str, Path]:
    """Return the files of a recording, outside Asterisk's own root: both voices, who called, who was called."""
    whole = rig.lab.asterisk.folder / "spool/monitor" / Path(recording).name
    stem = whole.name.partition(" ")[0]
    return {"both": whole} | {way: whole.with_name(f"{stem}-{way}.ulaw") for way in ("rx", "tx")}


async def test_a_recording_goes_on_through_the_bridge_and_a_killed_router() -> None:
    """Both voices are in it, while no router is there too; the row of the next life has its path, as it is."""
    company = Company(entry="recorded", dialplan=dialplan())
    async with Rig(scheme(LADDER), company=company) as rig:
        boris = rig.phone("boris")
        boris.behaviour = answers()
        call = await rig.trunk.dial(LINE, caller="89161234567", name=NAME)
        await call.wait("answered")
        await call.hears(boris)
        (path,) = (rig.lab.asterisk.folder / "spool/monitor").glob("in-* *")
        files = beside(rig, path.name)
        for turn in ("with it", "without it", "with the next one"):
            if turn == "without it":
                await rig.router.end(signal.SIGKILL)
            elif turn == "with the next one":
                await rig.serve()
            size = path.stat().st_size
            await hears(files["rx"], rig.trunk)
            await hears(files["tx"], boris)
            await call.hears(boris, 50)
            assert path.stat().st_size > size, turn
        await call.hangup()
        (row,) = await rig.ended(1)
        assert row["recording"].endswith(f"/spool/monitor/{path.name}")
        assert (row["recovered"], row["routed_by"]) == (True, "router")
        assert path.name.endswith(f" {NAME}.ulaw")
        assert "pwned" not in {one.name for one in rig.lab.asterisk.folder.rglob("*")}
        shown = await rig.run("calls", "show", row["id"])
        assert f"recording        {row['recording']}\n" in shown


async def test_by_broadcast_the_path_comes_as_well() -> None:
    """A call that is offered to every router brings its recording, whatever separates arguments in the path."""
    company = Company(entry="recorded", dialplan=dialplan("callrouter-broadcast"))
    async with Rig(scheme(LADDER), company=company) as rig:
        rig.phone("boris").behaviour = answers()
        call = await rig.trunk.dial(LINE, caller="89161234567", name="a:b, c")
        await call.wait("answered")
        await call.hangup()
        (row,) = await rig.ended(1)
        assert Path(row["recording"]).name.endswith(" a:b, c.ulaw")


async def test_the_fallbacks_calls_and_calls_out_have_theirs_from_asterisks_records() -> None:
    """What began before the call came, what the PBX's own queue records, and what a call out leaves behind."""
    company = Company(
        entry="recorded",
        dialplan=dialplan(),
        fallback="[callrouter-fallback]\nexten => _[+0-9].,1,Goto(queue,600,1)\n",
    )
    async with Rig(scheme(LADDER), company=company) as rig:
        await rig.router.end()
        boris = rig.phone("boris")
        boris.behaviour = rig.trunk.behaviour = answers()
        call = await rig.trunk.dial(LINE, caller="89161234567", name=NAME)
        await call.wait("answered")
        await call.hears(boris, 50)
        await call.hangup()
        out = await rig.phone("anna").dial("989161112233")
        await out.wait("answered")
        await out.hangup()
        await rig.serve()
        (row,) = await rig.ended(1, 30.0)
        assert (row["routed_by"], row["answered_by"]) == ("fallback", "boris")
        files = beside(rig, row["recording"])
        assert row["recording"].endswith(f" {NAME}.ulaw")
        assert files["both"].exists()
        assert voiced(files["tx"], boris)
        async with asyncio.timeout(15.0):
            while not (rows := await rig.calls("out")):  # noqa: ASYNC110 - another process's
                await asyncio.sleep(0.1)
        assert rows[0]["recording"].endswith("/out-89161112233.wav")
        rig.trunk.forget()


async def test_what_the_pbx_records_only_in_the_fallback_is_known_by_its_own_column() -> None:
    """FreePBX marks in its record what it begins to record behind us: a file's name, without a folder."""
    company = Company(
        dialplan=dialplan(),
        fallback="[callrouter-fallback]\nexten => _[+0-9].,1,Goto(queue,600,1)\n",
    )
    async with Rig(scheme(LADDER), company=company) as rig:
        await rig.router.end()
        rig.phone("boris").behaviour = answers()
        call = await rig.trunk.dial(LINE, caller="89161234567")
        await call.wait("answered")
        await call.hangup()
        await rig.serve()
        (row,) = await rig.ended(1, 30.0)
        assert row["recording"] == "q-600-89161234567.wav"


async def test_a_pbx_without_ari_has_its_recordings_on_the_rows_too() -> None:
    """The dialplan that dials by itself tells the path at the end; who is forgotten leaves none, and it is told where.

    Then only the administrator can delete it.
    """
    async with AgiRig(scheme(LADDER), entry="recorded", dialplan=dialplan("callrouter-agi")) as rig:
        rig.phone("boris").behaviour = answers()
        call = await rig.trunk.dial(LINE, caller="89161234567", name=NAME)
        await call.wait("answered")
        await call.hears(rig.phone("boris"), 50)
        await call.hangup()
        (row,) = await rig.ended(1)
        files = beside(rig, row["recording"])
        assert voiced(files["rx"], rig.trunk)
        assert row["recording"].endswith(f" {NAME}.ulaw")
        gone: dict[str, Any] = json.loads(await rig.run("clients", "forget", "89161234567", "--yes", "--json"))
        assert gone["recordings"] == [row["recording"]]
        (row,) = await rig.ended(1)
        assert row["recording"] is None
        assert files["both"].exists()
