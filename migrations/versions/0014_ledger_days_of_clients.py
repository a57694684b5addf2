"""Dates keep what lets clients be added up too; a call that changes concerns the later dates of the same number."""

from collections.abc import Callable

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

EVENTS = {"insert": ("NEW",), "update": ("OLD", "NEW"), "delete": ("OLD",)}
NEW = {
    "shared": "JSON: clients two of ours talked to, by number",
    "clients": "JSON: who called and who was lost, for periods that have this date",
    "settled": "JSON: what became of clients lost lately, for the periods they were lost in",
    "settled_late": "JSON: the same of those lost longer ago",
}
FORMERLY = "JSON: who called whom, as far as lost clients are told from it"
WEEK_AND_DAY = 8 * 86_400 * 1_000_000


def upgrade() -> None:
    _drop_triggers()
    op.execute("DELETE FROM ledger_days")
    with op.batch_alter_table("ledger_days") as table:
        table.drop_column("contacts")
        for name, comment in NEW.items():
            table.add_column(sa.Column(name, sa.Text(), nullable=True, comment=comment))
    _create_triggers(_of_the_number)


def downgrade() -> None:
    _drop_triggers()
    op.execute("DELETE FROM ledger_days")
    with op.batch_alter_table("ledger_days") as table:
        for name in NEW:
            table.drop_column(name)
        table.add_column(sa.Column("contacts", sa.Text(), nullable=True, comment=FORMERLY))
    _create_triggers(_of_a_week)


def _is_sqlite() -> bool:
    return op.get_bind().dialect.name == "sqlite"


def _drop_triggers() -> None:
    """Take SQLite's away: no table can be changed that a trigger tells of."""
    for event in EVENTS if _is_sqlite() else ():
        op.execute(f"DROP TRIGGER ledger_days_{event}")


def _create_triggers(concerned: Callable[[str], str]) -> None:
    for event, rows in EVENTS.items():
        concerns = " OR ".join(concerned(row) for row in rows)
        over = " OR ".join(f"{row}.outcome IS NOT NULL" for row in rows)
        name, delete = f"ledger_days_{event}", f"DELETE FROM ledger_days WHERE {concerns};"  # noqa: S608 - of constants
        if _is_sqlite():
            head = f"CREATE TRIGGER {name} AFTER {event.upper()} ON calls FOR EACH ROW WHEN ({over})"
            op.execute(f"{head} BEGIN {delete} END")
        else:
            body = f"BEGIN {delete} RETURN NULL; END"
            op.execute(f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $${body}$$")


def _of_the_number(row: str) -> str:
    """Return which dates a call concerns: its own, and each later one with a call from or to the same number."""
    number = f"CASE WHEN {row}.direction = 'out' THEN {row}.line ELSE {row}.caller END"
    held = "calls.arrived_at >= ledger_days.starts_at AND calls.arrived_at < ledger_days.ends_at"
    his = (f"calls.caller = {number}", f"calls.line = {number} AND calls.direction = 'out'")
    later = " OR ".join(f"EXISTS (SELECT 1 FROM calls WHERE {one} AND {held})" for one in his)  # noqa: S608 - as above
    return f"(ends_at > {row}.arrived_at AND (starts_at <= {row}.arrived_at OR {later}))"


def _of_a_week(row: str) -> str:
    return f"(ends_at > {row}.arrived_at AND starts_at <= {row}.arrived_at + {WEEK_AND_DAY})"
