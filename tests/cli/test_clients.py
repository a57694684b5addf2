"""`callrouter clients`."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.cli.conftest import SCHEME, apply

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.cli.conftest import Said

GOOD = """phone;name;responsible;priority;segment;город
+7 916 123-45-67;ООО Ромашка;anna;А;key;Тверь
89161234568 89161234569;Лютик;Борис Орлов;ccc;;

"""


def _file(text: str, encoding: str = "utf-8-sig") -> str:
    Path("clients.csv").write_text(text, encoding)
    return "clients.csv"


async def test_clients_are_imported_and_updated(ready: Callable[..., Said]) -> None:
    """Columns, several phones, other columns as attributes; importing again changes only what differs."""
    await apply()
    said = await _run(ready, "clients", "import", _file(GOOD))
    assert (said.code, said.out, said.err) == (0, "", "2 new, 0 changed, 0 unchanged\n")
    shown = (await _run(ready, "clients", "show", "8 916 123 45 67", "--json")).json
    assert (shown["name"], shown["phones"], shown["priority"]) == ("ООО Ромашка", ["+79161234567"], "A")
    assert (shown["segment"], shown["attributes"]) == ("key", {"город": "Тверь"})
    assert [(one["person"], one["how"], one["department"]) for one in shown["responsibles"]] == [
        ("anna", "imported", None)
    ]
    again = GOOD.replace("Лютик;Борис Орлов", "Лютик+;")
    assert (await _run(ready, "clients", "import", _file(again))).err == "0 new, 1 changed, 1 unchanged\n"
    found = (await _run(ready, "clients", "find", "лютик", "--json")).json
    assert [(one["name"], one["priority"], one["responsibles"][0]["person"]) for one in found] == [
        ("Лютик+", "C", "boris")
    ]
    assert "+79161234568 +79161234569" in (await _run(ready, "clients", "find", "лютик")).out
    assert "Ромашка" in (await _run(ready, "clients", "show", "+79161234567")).out


async def test_who_is_no_person_is_nobodys_responsible(ready: Callable[..., Said]) -> None:
    """A lead exchange that the CRM's sheet names as responsible, and the scheme as nobody, keeps no client out."""
    await apply(SCHEME + '[company]\nnot_people = ["lead-exchange"]\n')
    said = await _run(ready, "clients", "import", _file("phone,name,responsible\n89161234567,Мак,lead-exchange\n"))
    assert (said.code, said.err) == (0, "1 new, 0 changed, 0 unchanged\n")
    assert (await _run(ready, "clients", "show", "89161234567", "--json")).json["responsibles"] == []


BAD = """phone,name,responsible,priority
89161234567,Good,anna,A
12345,Short,anna,A
,Empty,,
89161234568,Priority,anna,Z
89161234569,Person,ivan,
89161234560,Namesakes,Глеб Титов,
+79161234567,good,,
1,2,3,4,5
"""
FAULTS = """clients.csv:3: phone: '12345' is no telephone number
clients.csv:4: phone: is empty
clients.csv:5: priority: 'Z' is none of A, B, C, X, AAA, BBB, CCC
clients.csv:6: responsible: 'ivan' is nobody in the scheme
clients.csv:7: responsible: 'Глеб Титов' is the name of several people: give the key
clients.csv:8: phone: +79161234567 stands in line 2 already
clients.csv:9: -: 5 cells, but 4 columns
"""


async def test_bad_lines_keep_everything_out(ready: Callable[..., Said]) -> None:
    """Each fault with line, column and reason; nothing is imported unless the bad ones are to be skipped."""
    await apply()
    said = await _run(ready, "clients", "import", _file(BAD))
    last = "error: clients.csv: 7 bad lines, nothing imported (--skip-bad imports the rest)\n"
    assert (said.code, said.out, said.err) == (2, "", FAULTS + last)
    assert (await _run(ready, "clients", "find", "", "--json")).json == []
    said = await _run(ready, "clients", "import", "--skip-bad", "clients.csv")
    assert (said.code, said.err) == (1, FAULTS + "1 new, 0 changed, 0 unchanged\n")


async def test_numbers_of_different_clients(ready: Callable[..., Said]) -> None:
    """A line without a name and with numbers of two clients is bad: which of them is meant cannot be known."""
    await apply()
    await _run(ready, "clients", "import", _file("phone\n89161234567\n89161234568\n"))
    said = await _run(ready, "clients", "import", _file("phone\n89161234567 89161234568\n"))
    assert (said.code, said.err.splitlines()[0]) == (
        2,
        "clients.csv:2: phone: these numbers belong to different clients: give the name of the one meant",
    )


async def test_two_clients_with_one_number(ready: Callable[..., Said]) -> None:
    """Two names with one number are two clients, which is said; who of them is meant is shown."""
    await apply()
    sheet = _file("phone,name,responsible,priority\n89161234567,Ромашка,,A\n89161234567,Лютик,anna,C\n")
    several = "+79161234567 belongs to several clients: `callrouter clients show +79161234567` says who is meant\n"
    assert (await _run(ready, "clients", "import", sheet)).err == f"{several}2 new, 0 changed, 0 unchanged\n"
    assert (await _run(ready, "clients", "import", sheet)).err == f"{several}0 new, 0 changed, 2 unchanged\n"
    known = (await _run(ready, "clients", "show", "+79161234567", "--json")).json
    assert (known["name"], known["also"]) == ("Лютик", ["Ромашка"])
    assert "same number      Ромашка" in (await _run(ready, "clients", "show", "+79161234567")).out
    other = _file("phone\n89161234567\n")
    assert "give the name" in (await _run(ready, "clients", "import", other)).err


async def test_an_unknown_callers_card_gets_its_name(ready: Callable[..., Said]) -> None:
    """The first of two clients with the number of a card without a name takes it; the other one is new."""
    await apply()
    await _run(ready, "clients", "import", _file("phone\n89161234567\n"))
    said = await _run(ready, "clients", "import", _file("phone,name\n89161234567,Ромашка\n89161234567,Лютик\n"))
    assert said.err.endswith("1 new, 1 changed, 0 unchanged\n")


async def test_a_file_from_windows(ready: Callable[..., Said]) -> None:
    """cp1251 has to be said; when it is not, the message says how."""
    await apply()
    said = await _run(ready, "clients", "import", _file(GOOD, "cp1251"))
    assert said.err == (
        "error: clients.csv: line 1 is not utf-8; a file from Windows is often --encoding cp1251, nothing imported\n"
    )
    assert (await _run(ready, "clients", "import", "--encoding", "cp1251", "clients.csv")).code == 0
    assert (await _run(ready, "clients", "find", "РОМАШКА", "--json")).json[0]["attributes"] == {"город": "Тверь"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "line 1: the first line names the columns, `phone` among them"),
        ("name\nx\n", "line 1: the first line names the columns, `phone` among them"),
        ("phone,name,name\n", "line 1: each column needs a name of its own: name"),
        ("phone,\n", "line 1: each column needs a name of its own: (no name)"),
        ("phone\n" + "1" * 200_000, "line 2: field larger"),
    ],
)
async def test_what_is_no_client_list(ready: Callable[..., Said], text: str, message: str) -> None:
    """A file that is something else is refused as a whole."""
    await apply()
    said = await _run(ready, "clients", "import", _file(text))
    assert (said.code, said.out) == (2, "")
    assert said.err.startswith("error: clients.csv: " + message)


async def test_a_client_is_assigned(ready: Callable[..., Said]) -> None:
    """To a person of the scheme or to nobody; the history keeps both."""
    await apply()
    await _run(ready, "clients", "import", _file(GOOD))
    said = await _run(ready, "clients", "assign", "89161234567", "boris")
    assert (said.code, said.err) == (0, "ООО Ромашка: responsible is now boris\n")
    assert (await _run(ready, "clients", "assign", "89161234567", "boris")).err.endswith("was already boris\n")
    assert (await _run(ready, "clients", "assign", "89161234567", "nobody")).code == 0
    shown = (await _run(ready, "clients", "show", "89161234567", "--json")).json
    assert [(one["person"], one["until"] is None) for one in shown["responsibles"]] == [
        ("anna", False),
        ("boris", False),
    ]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["show", "89161234567"], "no client has the number 89161234567"),
        (["show", "nonsense"], "no client has the number nonsense"),
        (["assign", "89161234567", "anna"], "no client has the number 89161234567"),
        (["assign", "89161234567", "ivan"], "nobody is called 'ivan' in the scheme"),
        (["import", "nowhere.csv"], "nowhere.csv: No such file or directory"),
    ],
)
async def test_unknown_numbers_and_people(ready: Callable[..., Said], arguments: list[str], message: str) -> None:
    """Who is not there is a mistake: exit 2."""
    await apply()
    said = await _run(ready, "clients", *arguments)
    assert (said.code, said.out) == (2, "")
    assert said.err.startswith(f"error: {message}")


def test_without_a_scheme_nothing_is_imported(ready: Callable[..., Said]) -> None:
    """Numbers and names need a scheme: the message says how to get one."""
    said = ready("clients", "import", _file(GOOD))
    assert (said.code, said.err) == (2, "error: there is no scheme yet: run `callrouter scheme apply FILE` first\n")


async def _run(run: Callable[..., Said], *arguments: str) -> Said:
    """Run a command from a test that itself runs in a loop: in a thread, where the command makes its own."""
    return await asyncio.to_thread(run, *arguments)
