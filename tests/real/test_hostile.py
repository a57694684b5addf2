"""What comes from outside is only shown and written down; what is secret is neither."""

from __future__ import annotations

import asyncio
import csv
import io
import json
from urllib.parse import quote

import pytest
from sqlalchemy import make_url

from tests.lab import Company, answers
from tests.lab.postgres import Postgres
from tests.real.lies import FALLBACK
from tests.real.rig import LINE, Rig, scheme
from tests.real.test_volume import crowd
from tests.real.worker import COMMAND

ANNA_FIRST = '{ring = "person:anna", seconds = 5, if_busy = "wait"}'
EVIL = "X-Evil"
SHOWN = (
    'ООО "Рога\\" & <sip:103@127.0.0.1>;tag=1,',
    f"a\r\n{EVIL}: 1\r\n\r\nINVITE sip:103 SIP/2.0",
    "${SET(GLOBAL(PWNED)=1)} ${SHELL(touch /tmp/callrouter-pwned)} $[1+1]",
    "'; DROP TABLE calls; --",
    '=HYPERLINK("http://evil";"x")',
    "../../etc/passwd|rm -rf /`id`",
    "\U0001f4a9\u202eexe.\u0000\x1b[31m\x07",
    "я" * 10_000,
)
"""Names of clients, as somebody may have imported them."""
RAW = (
    ("8916123%FF%FE", "x"),
    ("89161230001", "Иван\udcc3\udcff"),
    (quote("+7916\r\nX-Evil: 1"), "x"),
    ("89161234567&PJSIP/103", 'a" <sip:103@127.0.0.1>, "b'),
    (quote("8916/../1234567@evil"), f"x%0d%0a{EVIL}: 1"),
    (quote("\U0001f4a9"), "\U0001f4a9" * 500),
    ("9" * 3000, "=1+1"),
)
"""Numbers and names of callers, as a trunk may write them; half a surrogate pair is a byte that is no UTF-8."""
COMMANDS = (("doctor",), ("serve", "--no-wait"), ("db", "upgrade"), ("calls", "list"))
SECRET = "s3cret-of-the-database"


async def test_names_of_clients_reach_a_display_and_nothing_else() -> None:
    """Quotes, line ends, dialplan, SQL, formulas, paths, 10 kB: no header, no other phone, no file, no lost call."""
    table = io.StringIO()
    csv.writer(table).writerows(
        [("phone", "name", "responsible"), *((f"+7916123{n:04}", name, "boris") for n, name in enumerate(SHOWN))]
    )
    async with Rig(scheme(ANNA_FIRST), clients=table.getvalue()) as rig:
        rig.phone("anna").behaviour = answers()
        before = await rig.lab.asterisk.cli("dialplan show globals")
        for number in range(len(SHOWN)):
            call = await rig.trunk.dial(LINE, caller=f"+7916123{number:04}")
            await call.wait("answered", 3.0)
            await call.hears(rig.phone("anna"))
            await call.hangup()
        assert await rig.lab.asterisk.cli("dialplan show globals") == before
        assert not rig.phone("vera").invites
        for seen in rig.phone("anna").invites:
            assert not seen.message.get(EVIL)
            assert len(seen.message.get("From")) < 400
        rows = await rig.ended(len(SHOWN))
        assert {(row["outcome"], row["answered_by"]) for row in rows} == {("answered", "anna")}
        _is_sober(rig)
        assert "Рога" not in "\n".join(rig.router.log), "a client's name is in the log"


async def test_what_a_trunk_may_write() -> None:
    """Bytes that are no text, injected headers, channels, paths, 3 kB of digits: the caller talks to somebody."""
    async with Rig(scheme(ANNA_FIRST)) as rig:
        rig.phone("anna").behaviour = answers()
        before = await rig.lab.asterisk.cli("dialplan show globals")
        for number, name in RAW:
            call = await rig.trunk.dial(LINE, caller=number, name=name)
            await call.wait("answered", 3.0)
            await call.hears(rig.phone("anna"))
            await call.hangup()
        rows = await rig.ended(len(RAW))
        assert {(row["outcome"], row["answered_by"]) for row in rows} == {("answered", "anna")}
        assert all(len(row["caller_raw"]) <= 80 and row["caller_raw"].isprintable() for row in rows)
        assert not [seen for seen in rig.phone("anna").invites if seen.message.get(EVIL)]
        assert not rig.phone("vera").invites
        assert await rig.lab.asterisk.cli("dialplan show globals") == before
        _is_sober(rig)


@pytest.mark.parametrize("line", ["+7495/../../ari/channels", "+7495?app=x&api_key=1", "+7495%2f%00", "leg"])
async def test_a_line_that_looks_like_something_else(line: str) -> None:
    """A path, a query, a NUL, our own word: a line that nobody knows, which the fallback or nobody serves."""
    async with Rig(scheme(ANNA_FIRST), desks=["101", "102", "103", "110", "120", "900"],
                   company=Company(fallback=FALLBACK)) as rig:  # fmt: skip
        rig.lab.phone("900").behaviour = answers()
        call = await rig.trunk.dial(quote(line, safe="+%"), caller="89161234567")
        await call.wait("ended" if line == "leg" else "answered", 5.0)
        await call.hangup()
        rig.trunk.forget()  # not all of them reach the router
        assert not rig.phone("anna").invites
        rows = await rig.inbound()
        assert {(row["outcome"], row["lost_reason"]) for row in rows} <= {("lost", "failure")}
        _is_sober(rig)


async def test_a_flood_of_calls_from_one_number() -> None:
    """Sixty calls at once from one number, to thirty lines: each is routed and has its row."""
    firm = crowd(30, 2, 20.0)
    async with Rig(firm.document(), desks=firm.desks, rtp_interval=0.5) as rig:
        for desk in rig.lab.phones:
            desk.behaviour = answers(after=0.3)
        lines = [line.number for line in firm.lines] * 2
        flood = await asyncio.gather(*(rig.trunk.dial(line, caller="+79161234567") for line in lines))
        await asyncio.gather(*(call.wait("answered", 20.0) for call in flood))
        await asyncio.gather(*(call.hangup() for call in flood))
        rows = await rig.ended(len(flood), within=15.0)
        assert {row["caller"] for row in rows} == {"+79161234567"}
        _is_sober(rig)


def _is_sober(rig: Rig) -> None:
    """Each line of the log is one record; no number stands there whole, and nothing was a defect."""
    for line in rig.router.log:
        assert line.startswith(("ready", "closing")) or isinstance(json.loads(line), dict), line
        assert "Traceback" not in line
        assert "79161234567" not in line, f"a whole number is in the log: {line}"
        assert "89161234567" not in line, f"a whole number is in the log: {line}"


async def test_no_secret_is_ever_said(postgres: Postgres) -> None:
    """Passwords of ARI and of the database: in no log, no trace, no doctor's report and no error, whatever is wrong."""
    url = make_url(postgres.create()).set(password=SECRET)
    async with Rig(scheme(ANNA_FIRST), database_url=url.render_as_string(hide_password=False)) as rig:
        secrets = (SECRET, rig.lab.asterisk.ari_password, "wrong-of-ari")
        rig.phone("anna").behaviour = answers()
        call = await rig.trunk.dial(LINE, caller="+79161234567")
        await call.hears(rig.phone("anna"))
        await call.hangup()
        (row,) = await rig.ended(1)
        said = [await rig.run("calls", "show", row["id"], "--json"), await _said(rig, "doctor", "--json")]
        wrong: list[dict[str, str]] = [
            {"CALLROUTER_ARI_PASSWORD": "wrong-of-ari"},
            {"CALLROUTER_ARI_URL": "http://127.0.0.1:9/ari"},
            {"CALLROUTER_DATABASE_URL": f"postgresql://somebody:{SECRET}@127.0.0.1:{url.port}/{url.database}"},
            {"CALLROUTER_DATABASE_URL": f"postgresql://postgres:{SECRET}@127.0.0.1:9/x"},
            {"CALLROUTER_DATABASE_URL": f"postgresql://postgres:{SECRET}@127.0.0.1:{url.port}/nowhere"},
            {"CALLROUTER_DATABASE_URL": f"mysql://postgres:{SECRET}@127.0.0.1/x"},
            {"CALLROUTER_DATABASE_URL": f"postgresql://postgres:{SECRET}@127.0.0.1:port/x"},
            {"CALLROUTER_ARI_PASSWORD": "", "CALLROUTER_APP": "x"},
        ]
        for settings in wrong:
            own = {"CALLROUTER_DATA_DIR": str(rig.folder / "other"), "CALLROUTER_APP": "callrouter-2", **settings}
            said += await asyncio.gather(*(_said(rig, *command, **own) for command in COMMANDS))
        said += rig.router.log
        for text in said:
            for secret in secrets:
                assert secret not in text, text
        assert len([text for text in said if text]) > len(wrong) * 2


async def _said(rig: Rig, *command: str, **settings: str) -> str:
    """Return all that a command prints, whatever it comes to; `serve` is told to stop when it serves after all."""
    process = await asyncio.create_subprocess_exec(
        "timeout", "-s", "TERM", "20", *COMMAND, *command,
        env=rig.environment | settings, cwd=rig.folder, stdout=-1, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    out, _ = await process.communicate()
    return out.decode(errors="replace")
