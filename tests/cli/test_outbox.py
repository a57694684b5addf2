"""`callrouter outbox`, `export --deliver` and what `doctor` says of them, by the command line only."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import structlog

from callrouter.store import outbox
from callrouter.store.database import Database
from callrouter.store.outbox import Message
from tests.cli.conftest import SCHEME, apply
from tests.lab.smtp import MailServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.cli.conftest import Said

HOOK = "hook:https://example.org/secret/path"


def scheme(*to: str) -> str:
    """The scheme, with these receivers of the nightly export; gleb has a mail."""
    with_mail = SCHEME.replace('phones = ["PJSIP/gleb"]', 'phones = ["PJSIP/gleb"], mail = "gleb@example.org"')
    return with_mail + f"[report]\nto = {list(to)}\n".replace("'", '"')


@pytest.fixture(autouse=True)
def _silence() -> Iterator[None]:
    """What a command prints is all that is said meanwhile."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    yield
    structlog.reset_defaults()


async def put(*to: str) -> None:
    """Put a notice for each."""
    database = Database("sqlite:///callrouter.db")
    async with database.writing() as connection:
        await outbox.put(connection, [Message(one, "notice", one, "Потерян: \x1b", "текст") for one in to], 1.0)
    await database.close()


def line(run: Callable[..., Said], check: str) -> dict[str, Any] | None:
    """What doctor says of it."""
    return next((one for one in run("doctor", "--json").json if one["check"] == check), None)


def test_what_is_due_is_made_once_and_sent(ready: Callable[..., Said], tmp_path: Path) -> None:
    """As a timer would: the second time there is nothing to do."""
    asyncio.run(apply(scheme(f"dir:{tmp_path}/out")))
    assert line(ready, "nightly export") is not None
    first = ready("export", "--deliver", "--json").json
    assert [(one["edition"], one["receivers"]) for one in first] == [(1, 1)]
    assert ready("export", "--deliver").out == ""
    assert ready("outbox", "list", "--json").json[0]["state"] == "waiting"
    said = ready("outbox", "send", "--json")
    assert (said.code, said.json) == (0, {"delivered": 1})
    date = first[0]["date"]
    kinds = ("calls-{}.csv", "calls-{}.xlsx", "lcr-{}.html", "lcr-{}.txt")
    assert sorted(file.name for file in (tmp_path / "out").iterdir()) == [one.format(date) for one in kinds]
    assert ready("outbox", "send").err == "nothing is due\n"
    export = line(ready, "nightly export")
    assert export is not None
    assert (export["state"], export["seen"]) == ("ok", f"made each day at 07:00, all that is due; the last: {date}")


def test_deliver_stands_alone(ready: Callable[..., Said]) -> None:
    """The scheme says what is made: no other option is silently left out."""
    said = ready("export", "--deliver", "--date", "2026-11-20")
    assert said.code == 2
    assert "--deliver takes no other option but --json" in said.err


async def test_what_did_not_arrive_is_listed_with_why(
    ready: Callable[..., Said], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Refused mail is dead at once, doctor says so with what to do; retried it arrives."""
    monkeypatch.setenv("CALLROUTER_SMTP_FROM", "router@example.org")
    async with MailServer(fault="550") as mail:
        monkeypatch.setenv("CALLROUTER_SMTP_URL", f"smtp://127.0.0.1:{mail.port}")
        await put("mail:a@example.org")
        await apply(scheme())
        assert (await asyncio.to_thread(ready, "outbox", "send")).code == 1
        (dead,) = (await asyncio.to_thread(ready, "outbox", "list", "--dead", "--json")).json
        assert (dead["state"], dead["error"], dead["next_at"]) == ("dead", "550 no such user", None)
        said = await asyncio.to_thread(line, ready, "outbox")
        assert said is not None
        assert (said["state"], said["seen"]) == ("fail", "1 given up")
        assert "callrouter outbox list --dead" in said["mend"]
        mail.fault = ""
        assert (await asyncio.to_thread(ready, "outbox", "retry", str(dead["id"]))).code == 0
        assert (await asyncio.to_thread(ready, "outbox", "send")).err.endswith("delivered 1\n")
    assert (await asyncio.to_thread(ready, "outbox", "list", "--json")).json == []


def test_a_message_is_dropped(ready: Callable[..., Said]) -> None:
    """It is tried no more; one that is not there cannot be."""
    asyncio.run(apply(scheme()))
    asyncio.run(put(HOOK))
    listed = ready("outbox", "list")
    assert "hook:https://example.org/…" in listed.out
    assert "secret" not in listed.out
    assert "\x1b" not in listed.out
    assert ready("outbox", "drop", "1").err == "message 1 is dropped\n"
    for command in ("drop", "retry"):
        said = ready("outbox", command, "1")
        assert said.code == 2
        assert "no message 1 waits or was given up: `callrouter outbox list`" in said.err


def test_doctor_says_what_keeps_messages_here(ready: Callable[..., Said]) -> None:
    """Settings that are missing, messages that wait too long, exports that are not made; each with the mend."""
    asyncio.run(apply(scheme("gleb", HOOK)))
    asyncio.run(put("mail:a@example.org"))
    found = {(one["check"], one["state"]): one for one in ready("doctor", "--json").json}
    assert "SMTP_FROM" in found["mail", "fail"]["mend"]
    assert "HOOK_SECRET" in found["web hooks", "fail"]["mend"]
    assert found["outbox", "warn"]["seen"].startswith("1 not delivered yet, the oldest for ")
    assert found["nightly export", "warn"]["mend"] == "start callrouter serve, or run callrouter export --deliver"


def test_doctor_is_silent_where_nothing_is_sent(ready: Callable[..., Said]) -> None:
    """Without receivers and addresses there is nothing to set up."""
    asyncio.run(apply())
    assert line(ready, "mail") is line(ready, "web hooks") is line(ready, "nightly export") is None
    outgoing = line(ready, "outbox")
    assert outgoing is not None
    assert (outgoing["state"], outgoing["seen"]) == ("ok", "nothing waits")
