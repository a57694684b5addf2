"""`callrouter lost`."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.cli.conftest import SCHEME, apply, ship
from tests.store.lives import abandoned, answered

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from callrouter.store.journal import Journal
    from tests.cli.conftest import Said

NUMBER, OTHER = "+79161234567", "+79167654321"
CLIENTS = f"phone,name,priority,responsible\n{NUMBER},ООО Ромашка,B,boris\n{OTHER},ЗАО Пион,A,\n"


async def _run(run: Callable[..., Said], *arguments: str) -> Said:
    return await asyncio.to_thread(run, "lost", *arguments)


@pytest.fixture
async def two(ready: Callable[..., Said], tmp_path: Path) -> Callable[..., Said]:
    """Two clients who were lost an hour ago, one of them twice; the command line."""
    await apply(SCHEME)
    (tmp_path / "clients.csv").write_text(CLIENTS, "utf-8")
    assert (await asyncio.to_thread(ready, "clients", "import", "clients.csv")).code == 0
    await ship(_lost)
    return ready


def _lost(journal: Journal) -> None:
    ago = time.time() - 3600
    abandoned(journal, "0191-a", at=ago, arrived_at=ago)
    abandoned(journal, "0191-b", after=2.0, at=ago + 60, arrived_at=ago + 60, caller=OTHER)
    abandoned(journal, "0191-c", at=ago + 120, arrived_at=ago + 120)


async def _history(run: Callable[..., Said], client: str) -> list[Any]:
    shown = (await _run(run, "show", client, "--json")).json
    return [(one["what"], one["person"], one["reason"], one["call"]) for one in shown["history"]]


async def test_the_list_has_who_to_call_back_and_whose_he_is(two: Callable[..., Said]) -> None:
    """A before B, with the responsible, else the head; how long he waits; who rang and did not answer."""
    listed = (await _run(two, "list")).out.splitlines()
    assert [line.split("\t")[1:] for line in listed[1:]] == [
        ["A", "ЗАО Пион", OTHER, "+74951234567", "0:59", "1", "0", "", "Глеб Титов (gleb)", "waits"],
        *(
            ["B", "ООО Ромашка", NUMBER, "+74951234567", "1:00", "2", "0", rang, "Борис Орлов (boris)", "waits"]
            for rang in ["Анна Петрова (anna), Борис Орлов (boris)"]
        ),
    ]
    pion, romashka = (await _run(two, "list", "--json")).json
    assert (pion["whose"], pion["responsible"], pion["missed_by"]) == ("gleb", None, [])
    assert (romashka["whose"], romashka["responsible"], romashka["missed_by"]) == ("boris", "boris", ["anna", "boris"])
    assert romashka["calls"] == ["0191-a", "0191-c"]
    assert 3600 <= romashka["waits_seconds"] < 3660


async def test_a_client_is_taken_by_one_person(two: Callable[..., Said]) -> None:
    """A second one is told who has him, and exits 1; he can take him over by naming him; the history has both."""
    said = await _run(two, "take", "89161234567", "anna")
    assert (said.code, said.err) == (0, f"ООО Ромашка {NUMBER}: Анна Петрова (anna) calls back\n")
    said = await _run(two, "take", NUMBER, "boris")
    assert (said.code, said.out) == (1, "")
    assert "Анна Петрова (anna) has taken him (--from anna takes him over)" in said.err
    assert (await _run(two, "take", NUMBER, "anna")).code == 0
    assert (await _run(two, "take", NUMBER, "boris", "--from", "anna")).code == 0
    said = await _run(two, "take", OTHER, "boris", "--from", "anna")
    assert (said.code, said.err) == (1, f"ЗАО Пион {OTHER}: nobody has taken him\n")
    assert [one[:2] for one in await _history(two, NUMBER)][-2:] == [("taken", "anna"), ("taken", "boris")]
    assert "taken by Борис Орлов (boris)" in (await _run(two, "list")).out


async def test_a_client_is_done_with_a_reason(two: Callable[..., Said]) -> None:
    """He is off the list, is shown still, and cannot be done twice."""
    assert (await _run(two, "done", NUMBER, "--reason", "спам")).code == 0
    assert [one["number"] for one in (await _run(two, "list", "--json")).json] == [OTHER]
    assert await _history(two, NUMBER) == [
        ("lost", None, None, "0191-a"),
        ("lost", None, None, "0191-c"),
        ("done", None, "спам", None),
    ]
    said = await _run(two, "done", NUMBER, "--reason", "спам")
    assert (said.code, said.err) == (2, f"error: ООО Ромашка {NUMBER} is not on the list (done)\n")
    text = (await _run(two, "show", NUMBER)).out
    assert "state      done 2" in text
    assert "lost, Анна Петрова (anna), Борис Орлов (boris), call 0191-a" in text
    assert "done, спам, by " in text


async def test_a_client_who_is_snoozed_is_the_last(two: Callable[..., Said]) -> None:
    """Whatever his priority, until then; who has taken him stands there too."""
    await _run(two, "take", OTHER, "anna")
    said = await _run(two, "snooze", OTHER, "--for", "2h", "--reason", "просил позже")
    assert (said.code, said.out) == (0, "")
    assert [one["number"] for one in (await _run(two, "list", "--json")).json] == [NUMBER, OTHER]
    assert "taken by Анна Петрова (anna), snoozed until 20" in (await _run(two, "list")).out
    assert (await _history(two, OTHER))[-1][:3] == ("snoozed", None, "просил позже")
    assert ", until 20" in (await _run(two, "show", OTHER)).out


async def test_who_got_through_is_off_the_list(two: Callable[..., Said]) -> None:
    """By himself, as returned, and by whom he was answered."""
    await ship(lambda journal: answered(journal, "0191-d", at=time.time(), arrived_at=time.time()))
    assert [one["number"] for one in (await _run(two, "list", "--json")).json] == [OTHER]
    shown = (await _run(two, "show", NUMBER, "--json")).json
    assert (shown["closed_how"], shown["history"][-1]["person"]) == ("returned", "anna")


async def test_a_number_of_several_lost_clients(two: Callable[..., Said], tmp_path: Path) -> None:
    """It is asked which of them is meant, and his id in the list says it."""
    shared = f"phone,name\n{NUMBER} {OTHER},ЗАО Пион\n"
    (tmp_path / "clients.csv").write_text(shared, "utf-8")
    assert (await asyncio.to_thread(two, "clients", "import", "clients.csv")).code == 0
    said = await _run(two, "done", NUMBER, "--reason", "спам")
    assert said.code == 2
    assert f"name one by his id: 1 (ООО Ромашка {NUMBER}), 2 (ЗАО Пион {OTHER})" in said.err
    assert (await _run(two, "done", "1", "--reason", "спам")).code == 0
    assert [one["id"] for one in (await _run(two, "list", "--json")).json] == [2]


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (("show", "+79990000000"), "no lost client has the number or id '+79990000000'"),
        (("show", "99"), "no lost client has the number or id '99'"),
        (("show", "Ромашка"), "no lost client has the number or id 'Ромашка'"),
        (("take", NUMBER, "ana"), 'nobody is called "ana" in the scheme (did you mean "anna"?)'),
        (("done", NUMBER, "--reason", " "), "--reason: say why"),
        (("done", NUMBER), "Missing option '--reason'"),
        (("snooze", NUMBER, "--reason", "x"), "until when? give --until or --for"),
        (("snooze", NUMBER, "--reason", "x", "--until", "2020-01-01"), "a snooze ends after it begins"),
    ],
)
async def test_what_is_wrong_is_said(two: Callable[..., Said], arguments: tuple[str, ...], error: str) -> None:
    """Who is not on the list or in the scheme, no reason, no end: refused, and nothing is changed."""
    said = await _run(two, *arguments)
    assert (said.code, said.out) == (2, "")
    assert error in said.err
    assert [one[0] for one in await _history(two, NUMBER)] == ["lost", "lost"]
