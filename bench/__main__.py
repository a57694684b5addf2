"""Calls a second through callrouter, through native Dial and through app_queue; prints a table and the ratios."""

from __future__ import annotations

import asyncio
import csv
import json
import os
import signal
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.lab import Asterisk, Company, Endpoint, TrunkEndpoint
from tests.lab.config import MODULES

HERE = Path(__file__).parent
LINES = 200
WARM_UP = 40
TICK = os.sysconf("SC_CLK_TCK")
WAYS = {"Dial": "+7496", "app_queue": "+7497", "callrouter": "+7495"}
PHONES = 9_300
"""UDP port where all phones are picked up."""
DIALPLAN = """
[bench]
exten => _+7495.,1,Goto(callrouter,${EXTEN},1)
exten => _+7496.,1,Dial(PJSIP/${EXTEN:-4},30)
exten => _+7497.,1,Queue(q${EXTEN:-4},,,,30)
"""


@dataclass(frozen=True, slots=True)
class Measured:
    """What one way of serving calls took."""

    way: str
    rate: int
    calls: int
    failed: int
    p50: float
    p99: float
    asterisk: float
    """Milliseconds of CPU a call."""
    router: float


def say(line: str) -> None:
    """Print a line."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def numbers() -> list[str]:
    """Return the numbers of the phones; each line has one of its own."""
    return [f"{1000 + number}" for number in range(LINES)]


def company() -> Company:
    """Return a PBX with a phone for each line, and the same lines by Dial and by queue."""
    queues = "[general]\n" + "".join(
        f"[q{number}]\nstrategy=ringall\nringinuse=yes\ntimeout=30\nmember => PJSIP/{number}\n" for number in numbers()
    )
    modules = "".join(f"load = {name}.so\n" for name in (*MODULES.split(), "app_queue"))
    return Company(
        endpoints=tuple(Endpoint(number, contacts=(PHONES,)) for number in numbers()),
        trunks=(TrunkEndpoint("trunk", "127.0.0.2"),),
        entry="bench",
        dialplan=DIALPLAN,
        files={
            "queues.conf": queues,
            "modules.conf": f"[modules]\nautoload=no\n{modules}",
            "logger.conf": "[general]\n[logfiles]\nfull => warning,error\n",
        },
    )


def document() -> str:
    """Return the scheme: a line for each phone."""
    people = "\n".join(f'p{number} = {{name = "P {number}", phones = ["PJSIP/{number}"]}}' for number in numbers())
    groups = "\n".join(f'd{number} = {{members = ["p{number}"]}}' for number in numbers())
    lines = "\n".join(f'"+7495000{number}" = {{department = "d{number}"}}' for number in numbers())
    ladder = 'default = [{ring = "department", seconds = 30}]'
    head = 'version = 1\ntimezone = "Europe/Moscow"\ncountry = "RU"'
    return f"{head}\n[people]\n{people}\n[departments]\n{groups}\n[ladders]\n{ladder}\n[lines]\n{lines}\n"


def cpu(pid: int) -> float:
    """Return the seconds of CPU a process and its children have used."""
    used = 0.0
    for folder in Path("/proc").iterdir():
        if not folder.name.isdecimal():
            continue
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(folder.name) == pid or int(fields[1]) == pid:
            used += (int(fields[11]) + int(fields[12])) / TICK
    return used


def percentile(values: list[float], share: float) -> float:
    """Return the value that this share of them does not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else float("nan")


async def run(*command: str, environment: dict[str, str] | None = None, folder: Path) -> None:
    """Run a program to its end; it has to succeed."""
    process = await asyncio.create_subprocess_exec(
        *command, env=environment, cwd=folder, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    out, _ = await process.communicate()
    if process.returncode:
        raise SystemExit(f"error: {command[0]} ended with {process.returncode}\n{out.decode(errors='replace')[-2000:]}")


async def place(folder: Path, asterisk: Asterisk, prefix: str, rate: int, calls: int) -> list[float]:
    """Place calls at this rate; return the milliseconds from each INVITE to its 200."""
    lines = (f"{prefix}000{number};+7916{index:07}" for index, number in enumerate(numbers()))
    (folder / "lines.csv").write_text("SEQUENTIAL\n" + ";\n".join(lines) + ";\n")
    _forget_times(folder)
    process = await asyncio.create_subprocess_exec(
        *("sipp", "-sf", str(HERE / "caller.xml"), "-inf", "lines.csv", "-i", "127.0.0.2", "-nostdin"),
        *("-r", str(rate), "-m", str(calls), "-l", str(rate * 20), "-timeout", "120"),
        *("-trace_rtt", "-rtt_freq", "1", f"127.0.0.1:{asterisk.sip_port}"),
        cwd=folder,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    await process.wait()
    return _times(folder)


def _forget_times(folder: Path) -> None:
    for old in folder.glob("*_rtt.csv"):
        old.unlink()


def _times(folder: Path) -> list[float]:
    """Read what SIPp has written down: date; milliseconds; number of the watch."""
    (times,) = folder.glob("*_rtt.csv")
    with times.open() as file:
        return [float(row[1]) for row in csv.reader(file, delimiter=";") if row[0].replace(".", "").isdecimal()]


@asynccontextmanager
async def phones(folder: Path) -> AsyncIterator[None]:
    """All phones, picked up at once."""
    process = await asyncio.create_subprocess_exec(
        *("sipp", "-sf", str(HERE / "phone.xml"), "-i", "127.0.0.1", "-p", str(PHONES), "-nostdin"),
        cwd=folder,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        yield
    finally:
        process.kill()
        await process.wait()


@asynccontextmanager
async def router(folder: Path, asterisk: Asterisk) -> AsyncIterator[int]:
    """A router with a stopwatch; yields its process id."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CALLROUTER_")} | {
        "CALLROUTER_DATABASE_URL": f"sqlite:///{folder}/callrouter.db",
        "CALLROUTER_ARI_URL": asterisk.ari_url,
        "CALLROUTER_ARI_PASSWORD": asterisk.ari_password,
        "CALLROUTER_DATA_DIR": str(folder / "var"),
        "CALLROUTER_AGI_BIND": "off",
        "CALLROUTER_HTTP_BIND": "off",
        "BENCH_TIMES": str(folder / "times.json"),
        "PYTHONPATH": str(HERE.parent),
    }
    (folder / "scheme.toml").write_text(document(), "utf-8")
    command = (sys.executable, "-m", "callrouter.cli")
    await run(*command, "db", "upgrade", environment=environment, folder=folder)
    await run(*command, "scheme", "apply", "scheme.toml", environment=environment, folder=folder)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bench.measured", "serve", "--no-wait"),
        env=environment,
        cwd=folder,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stderr is not None
    async for line in process.stderr:
        if line.startswith(b"ready"):
            break
    reading = asyncio.create_task(process.stderr.read())
    try:
        yield process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        await process.wait()
        await reading


async def measure(folder: Path, asterisk: Asterisk, way: str, rate: int, calls: int, worker: int) -> Measured:
    """Place the calls of one way, after a few to warm up."""
    await place(folder, asterisk, WAYS[way], rate, WARM_UP)
    assert asterisk._process is not None  # noqa: SLF001 - whose CPU is measured
    pid = asterisk._process.pid  # noqa: SLF001 - see above
    before = cpu(pid), cpu(worker)
    took = await place(folder, asterisk, WAYS[way], rate, calls)
    await asyncio.sleep(1)  # the journal is shipped, the last channels go: their CPU belongs to the calls
    spent = [1000 * (after - first) / calls for after, first in zip((cpu(pid), cpu(worker)), before, strict=True)]
    return Measured(
        way, rate, calls, calls - len(took), percentile(took, 0.5), percentile(took, 0.99), spent[0], spent[1]
    )


async def main(seconds: int, rates: list[int]) -> None:
    """Measure everything and print it."""
    found: list[Measured] = []
    with tempfile.TemporaryDirectory(prefix="callrouter-bench-") as name:
        folder = Path(name)
        async with Asterisk(company()) as asterisk, phones(folder):
            load = os.getloadavg()[0]
            about = f"Asterisk {asterisk.version}, {os.cpu_count()} cores, load {load:.1f}"
            say(f"{about}; {seconds} s a row, a phone a line")
            async with router(folder, asterisk) as worker:
                for rate in rates:
                    for way in WAYS:
                        found.append(await measure(folder, asterisk, way, rate, rate * seconds, worker))
                        say(_line(found[-1]))
        times: list[tuple[str, float]] = json.loads((folder / "times.json").read_text())
    for rate in rates:
        _ratios([one for one in found if one.rate == rate])
    for kind in (*sorted({kind for kind, _ in times}), "all"):
        took = [1000 * value for event, value in times if kind in {event, "all"}]
        p50, p99 = percentile(took, 0.5), percentile(took, 0.99)
        say(f"reaction to {kind:12} p50 {p50:5.1f} ms  p99 {p99:5.1f} ms  ({len(took)} of them)")


def _line(one: Measured) -> str:
    return (
        f"{one.way:10} {one.rate:3} calls/s  {one.calls} calls, {one.failed} failed  "
        f"set-up p50 {one.p50:6.1f} ms  p99 {one.p99:6.1f} ms  "
        f"CPU a call: Asterisk {one.asterisk:5.1f} ms, router {one.router:4.1f} ms"
    )


def _ratios(found: list[Measured]) -> None:
    ours = {one.way: one for one in found}
    mine = ours["callrouter"]
    for other in ("Dial", "app_queue"):
        one = ours[other]
        say(
            f"callrouter / {other:9} at {one.rate} calls/s: set-up p50 {mine.p50 / one.p50:.2f}, "
            f"p99 {mine.p99 / one.p99:.2f}, CPU {(mine.asterisk + mine.router) / one.asterisk:.2f}"
        )


if __name__ == "__main__":
    asyncio.run(main(int(os.environ.get("BENCH_SECONDS", "30")), [int(rate) for rate in sys.argv[1:]] or [20]))
