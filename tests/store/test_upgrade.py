"""A new version reads the journal of the old one, and an old one that of a new one as far as it understands it.

`journals/VERSION.jsonl` was written by that version on real calls of invented numbers, `VERSION.rows.json` beside it is
what came of them. Neither is ever changed: what a version has written, all later ones read.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from callrouter.ledger.call import document
from callrouter.store import queries
from callrouter.store.codec import decode
from callrouter.store.journal import Journal
from callrouter.store.shipper import Shipper

if TYPE_CHECKING:
    from collections.abc import Iterable

    from callrouter.store.database import Database

JOURNALS = sorted((Path(__file__).parent / "journals").glob("*.jsonl"))


@pytest.fixture(params=JOURNALS, ids=lambda path: path.stem)
def former(request: pytest.FixtureRequest) -> Path:
    """A journal of a former version."""
    return Path(request.param)


def golden(former: Path) -> list[dict[str, Any]]:
    """Return the rows that this journal has to give."""
    rows: list[dict[str, Any]] = json.loads(former.with_suffix(".rows.json").read_text("utf-8"))
    return rows


async def replayed(database: Database, folder: Path, lines: Iterable[str]) -> tuple[list[dict[str, Any]], int]:
    """Return the rows that come of these lines, left by a worker that is no more, and how many were dropped."""
    (folder / "callrouter@00000000000000000001.jsonl").write_text("".join(f"{line}\n" for line in lines), "utf-8")
    journal = Journal(folder, "callrouter")
    shipper = Shipper(journal, database)
    await shipper.drain()
    journal.close()
    async with database.reading() as connection:
        found = await queries.ended_calls(connection, queries.Wanted())
    told = json.dumps([document(one.row, one.claimed_by) for one in found])
    return json.loads(told), shipper.dropped


async def test_a_journal_of_a_former_version_gives_the_rows_it_gave(
    former: Path, database: Database, tmp_path: Path
) -> None:
    """Every record is understood, and every row is the same, field for field."""
    rows, dropped = await replayed(database, tmp_path, former.read_text("utf-8").splitlines())
    assert dropped == 0
    assert [{key: row[key] for key in was} for row, was in zip(rows, golden(former), strict=True)] == golden(former)


def _of_a_newer_version(line: str) -> list[str]:
    """Return a record as a version would write it that knows more, with an event before it that we do not know."""
    record = json.loads(line)
    record["event"]["mood"] = "good"
    record["commands"].insert(0, {"is": "Dance", "tempo": 120})
    record["version"] = 9
    unknown = {"call_id": record["call_id"], "event": {"is": "Danced", "at": record["event"]["at"]}, "commands": []}
    return [json.dumps(unknown), json.dumps(record)]


async def test_what_a_newer_version_knows_more_hides_only_itself(
    former: Path, database: Database, tmp_path: Path
) -> None:
    """Unknown fields and commands are passed over, unknown events dropped and counted; the rows are the same."""
    lines = former.read_text("utf-8").splitlines()
    newer = [one for line in lines for one in _of_a_newer_version(line)]
    rows, dropped = await replayed(database, tmp_path, newer)
    assert dropped == len(lines)
    assert [{key: row[key] for key in was} for row, was in zip(rows, golden(former), strict=True)] == golden(former)


async def test_a_call_whose_arrival_is_not_understood_hides_no_other(
    former: Path, database: Database, tmp_path: Path
) -> None:
    """After a downgrade in the middle of a call its end may stand there without its beginning: the others are whole."""
    lines = former.read_text("utf-8").splitlines()
    lost = decode(lines[0]).call_id
    rows, _ = await replayed(database, tmp_path, lines[1:])
    assert [row["id"] for row in rows] == [row["id"] for row in golden(former) if row["id"] != lost]
