"""What the doctor makes of what he sees, one thing at a time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from callrouter.ari.health import NEEDED, WANTED, Health
from callrouter.ari.rehearsal import Arrived
from callrouter.core.errors import CallrouterError
from callrouter.doctor import answering, bounds, house, lines, pbx, rendered, stored, worker
from callrouter.doctor.finding import Finding
from callrouter.routing.fallback import render
from callrouter.routing.scheme import parse
from callrouter.store.leases import Held
from callrouter.store.schemes import Revision
from callrouter.store.spool import Behind

AT = 1_795_000_000.0
LINE = "+74951234567"
SCHEME = parse(
    f"""version = 1
timezone = "Europe/Moscow"
country = "RU"
[people]
anna = {{name = "Анна", phones = ["PJSIP/101"]}}
[departments]
sales = {{name = "Продажи", members = ["anna"]}}
[ladders]
default = [{{ring = "department", seconds = 10}}]
[calendars.office]
hours = ["Mon-Fri 09:00-18:00"]
[lines]
"{LINE}" = {{name = "Сайт", department = "sales", ladder = "default", hours = "office"}}
ads = {{name = "Реклама", numbers = ["+7495222XXXX"], department = "sales", ladder = "default"}}
default = {{name = "Прочие", department = "sales", ladder = "default"}}
""".encode()
)
HERE, RELEASED = (
    Arrived(LINE, is_released=False, has_fallback=False),
    Arrived(LINE, is_released=True, has_fallback=True),
)


@pytest.mark.parametrize(
    ("said", "state"),
    [
        ("22.10.1~dfsg", "ok"),
        ("22.4.0", "ok"),
        ("22.3.1", "fail"),
        ("20.11.0", "fail"),
        ("nothing", "fail"),
        ("22.9.2", "warn"),
        ("22.11.0-rc1", "warn"),
        ("22.11.0", "ok"),
    ],
)
def test_versions(said: str, state: str) -> None:
    """Too old is a fail; those that are known to stop are a warn."""
    assert pbx.version(Health(said, frozenset())).state == state


def test_modules() -> None:
    """Those that are needed are one line, each of the others its own."""
    everything = frozenset({*NEEDED, *WANTED, *pbx.DIALPLAN})
    assert [one.state for one in pbx.modules(Health("22.10.1", everything))] == ["ok"]
    found = list(pbx.modules(Health("22.10.1", everything - {"res_ari", "func_cdr", "app_stasis"})))
    assert [(one.check, one.state) for one in found] == [("modules", "fail"), ("module func_cdr", "warn")]
    assert found[0].mend == "load app_stasis.so, res_ari.so in modules.conf, then restart Asterisk"


@pytest.mark.parametrize(("apart", "state"), [(0.0, "ok"), (2.4, "ok"), (3.1, "fail"), (-3.1, "fail")])
def test_clocks(apart: float, state: str) -> None:
    """Two seconds to either side; the way to Asterisk and back, a second here, does not count."""
    asked = datetime.fromtimestamp(AT, UTC)
    theirs = (asked + timedelta(seconds=apart)).strftime("%Y-%m-%dT%H:%M:%S.%f%z")
    assert pbx.clock(theirs, asked, asked + timedelta(seconds=1)).state == state
    assert stored.clock(AT + apart, AT, AT + 1.0).state == state


def test_sqlite_has_our_clock() -> None:
    """There is nothing to compare."""
    assert stored.clock(None, AT, AT).state == "ok"


def test_a_pilot_is_masked() -> None:
    """Nobody's whole number is shown."""
    assert [pbx.masked(number) for number in ("+79161234567", "101")] == ["+7…67", "…"]


@pytest.mark.parametrize(
    ("with_us", "without", "state", "seen"),
    [
        (HERE, RELEASED, "ok", "reaches the router, and without it the fallback"),
        (None, RELEASED, "fail", "a call to it does not reach the router"),
        (RELEASED, RELEASED, "fail", "a call to it goes to the fallback, not to the router"),
        (Arrived("+74959999999", is_released=False, has_fallback=False), RELEASED, "fail", "which is another line"),
        (HERE, None, "fail", "without the router it does not reach the fallback"),
        (HERE, HERE, "fail", "without the router it does not reach the fallback"),
        (HERE, Arrived(LINE, is_released=True, has_fallback=False), "warn", "the rendered fallback does not know it"),
        (None, None, "fail", "a call to it does not reach the router; without the router it does not reach"),
    ],
)
def test_where_a_call_comes_out(with_us: Arrived | None, without: Arrived | None, state: str, seen: str) -> None:
    """The worst says what to do, and all of it is said."""
    found = lines.finding(LINE, lines.judge(SCHEME, LINE, with_us, without))
    assert (found.check, found.state) == (f"line {LINE}", state)
    assert seen in found.seen


def test_what_is_dialled() -> None:
    """Every line as it is written, a number for a pattern, and any for those that are not listed."""
    assert lines.dialled(SCHEME) == {LINE: (LINE,), "ads": ("ads", "+74952220000"), "default": ("00",)}


@pytest.mark.parametrize(
    ("state", "contacts", "which", "seen"),
    [
        ("online", 2, "ok", "contacts: 2, online"),
        ("unknown", 1, "ok", "contacts: 1, unknown"),
        ("offline", 1, "silent", "contacts: 1, offline"),
        ("offline", 0, "gone", "contacts: 0"),
        (None, 0, "none", "Asterisk has no such endpoint"),
        ("online", None, "ok", "online"),
        ("offline", None, "silent", "offline"),
        (None, None, "none", "Asterisk has no such endpoint"),
    ],
)
def test_phones(state: str | None, contacts: int | None, which: str, seen: str) -> None:
    """Unknown to Asterisk, not registered, registered and silent: told apart."""
    assert house.judge(state, contacts) == (which, seen)


def _held(ago: float | None, *, is_over: bool) -> Held:
    return Held("callrouter", "host:/var", 7, 3, AT, ago, is_over)


def test_leases() -> None:
    """Who lives, who left, who is dead."""
    alive, left, dead = (
        worker.of_lease(one) for one in (_held(0.4, is_over=False), _held(None, is_over=True), _held(9.0, is_over=True))
    )
    assert (alive.state, left.state, dead.state) == ("ok", "ok", "fail")
    assert alive.seen == "process 7 at host:/var since 2026-11-18T11:06:40.000Z, 3 calls, last heard 0.4 s ago"
    assert left.seen.startswith("free: process 7 ")
    assert (dead.check, dead.mend) == ("lease callrouter", worker.LEASE.faults["dead"].mend)


def test_the_file_that_stands_for_a_lease() -> None:
    """Held by a process that lives, one that stands still, one that is gone, nobody yet."""
    found = [
        worker.of_file("callrouter", pid, alive, AT)
        for pid, alive in (("7", AT - 1), ("7", AT - 60), (None, AT - 60), (None, None))
    ]
    assert [one.state for one in found] == ["ok", "warn", "ok", "ok"]
    assert found[0].seen == "process 7, last heard 1.0 s ago"


def test_the_spool() -> None:
    """A moment is usual; what is old names the worker that left it, what is torn is no loss of a record."""
    fresh, old, torn = Behind("a", 500, AT - 1), Behind("b", 2_500_000, AT - 61), Behind("c", 20, None)
    assert [one.seen for one in worker.spooled((), AT)] == ["the database has it all"]
    assert [(one.state, one.seen) for one in worker.spooled((fresh,), AT)] == [("ok", "500 bytes on their way")]
    late, broken = worker.spooled((fresh, old, torn), AT)
    assert (late.state, late.seen) == ("fail", "2.5 MB of b, the oldest of 2026-11-18T11:05:39.000Z")
    assert "APP=b" in late.mend
    assert broken.state == "warn"


@pytest.mark.parametrize(("free", "state"), [(10**10, "ok"), (10**9 - 1, "warn"), (10**8 - 1, "fail"), (2_000, "fail")])
def test_room(free: int, state: str, tmp_path: Path) -> None:
    """A gigabyte is room enough, a tenth of it is none."""
    assert worker.room(free, tmp_path).state == state


def test_a_folder_that_is_not_ours(tmp_path: Path) -> None:
    """Where DATA_DIR cannot be made nothing is written down; one that is not there yet is made by serve."""
    assert worker.disk(tmp_path / "var").state in ("ok", "warn")
    (tmp_path / "file").touch()
    assert worker.disk(tmp_path / "file" / "var").state == "fail"


@pytest.mark.parametrize(
    ("name", "state"),
    [("callrouter.csv", "ok"), ("later.csv", "ok"), ("none/callrouter.csv", "warn"), ("callrouter.csv/x", "fail")],
)
def test_records(name: str, state: str, tmp_path: Path) -> None:
    """There, to come, nowhere, not to be read."""
    (tmp_path / "callrouter.csv").touch()
    assert worker.records(tmp_path / name).state == state


async def test_the_fallback(tmp_path: Path) -> None:
    """Of the scheme in force or of an older one, foreign, none; and until when it knows holidays."""
    file, today = tmp_path / "callrouter-fallback.conf", datetime.fromtimestamp(AT, UTC).date()
    now = Revision(2, b"", "b" * 64, AT, None, None)
    assert [one.state for one in rendered.look(None, now, today)] == ["warn"]
    for sha256, day, states in (
        ("b" * 64, today, ["ok", "ok"]),
        ("a" * 64, today, ["warn", "ok"]),
        ("b" * 64, date(2028, 1, 1), ["ok", "warn"]),
    ):
        file.write_text(render(SCHEME, 2, sha256, AT), "utf-8")
        assert [one.state for one in rendered.look(file, now, day)] == states
    assert [one.check for one in rendered.look(file, None, today)] == ["fallback holidays"]
    file.write_text("[callrouter-fallback]\n", "utf-8")
    (foreign,) = rendered.look(file, now, today)
    assert (foreign.state, foreign.seen) == ("warn", f"{file} is none of ours, in force is 2")
    (closed,) = rendered.look(tmp_path, now, today)
    assert (closed.state, closed.seen) == ("unknown", f"{tmp_path}: Is a directory")


@pytest.mark.parametrize(
    ("said", "state"),
    [
        ({"ready": True, "why": [], "app": "callrouter", "role": "active"}, "ok"),
        ({"ready": False, "why": ["stopping"], "app": "callrouter", "role": "closing"}, "warn"),
        ({"ready": True}, "fail"),
        ([], "fail"),
    ],
)
def test_the_routers_own_word(said: object, state: str) -> None:
    """It is well, it is not, or it is another program; a page that everybody reaches is a warn."""
    assert answering.judge(said, "127.0.0.1:8090", is_open=False).state == state
    assert answering.judge(said, "0.0.0.0:8090", is_open=True).state == {"ok": "warn"}.get(state, state)


def test_who_reaches_an_address() -> None:
    """Loopback is guarded; every address, a foreign one and a name are not."""
    hosts = ("127.0.0.1", "127.0.0.2", "::1", "localhost", "0.0.0.0", "192.0.2.1", "::", "pbx.example.org")
    assert [answering.is_guarded(host) for host in hosts] == [True] * 4 + [False] * 4


async def test_what_is_late_or_broken_costs_what_comes_after_it() -> None:
    """What was found before stays; the generator is closed."""
    closed: list[str] = []

    async def looking(how: str) -> AsyncGenerator[Finding]:
        try:
            yield Finding("first", "ok", "")
            if how == "late":
                await asyncio.Event().wait()
            raise CallrouterError("no")
        finally:
            closed.append(how)

    late = await bounds.within(0.01, "phones", looking("late"))
    broken = await bounds.within(60.0, "phones", looking("broken"))
    assert [(one.check, one.state, one.seen) for one in (*late, *broken)] == [
        ("first", "ok", ""),
        ("part phones", "fail", "not done within 0.01 s"),
        ("first", "ok", ""),
        ("part phones", "fail", "no"),
    ]
    assert closed == ["late", "broken"]
