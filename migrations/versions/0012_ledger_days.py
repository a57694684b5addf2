"""Dates whose calls are added up, and the triggers that take a date out when one of its calls changes."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

WEEK_AND_DAY = 8 * 86_400 * 1_000_000
"""Clients two of ours talked to within seven days: a call concerns the dates after it too."""
EVENTS = {"insert": ("NEW",), "update": ("OLD", "NEW"), "delete": ("OLD",)}


def upgrade() -> None:
    op.create_table(
        "ledger_days",
        sa.Column("timezone", sa.Text(), nullable=False, comment="in which the date is one"),
        sa.Column("date", sa.Text(), nullable=False, comment="YYYY-MM-DD"),
        sa.Column("starts_at", sa.BigInteger(), nullable=False),
        sa.Column("ends_at", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False, comment="of the definition and of what is kept here"),
        sa.Column(
            "claim",
            sa.Text(),
            nullable=False,
            comment="of who adds it up: only while this stands has nothing changed",
        ),
        sa.Column("counts", sa.Text(), nullable=True, comment="JSON: what can be added up; NULL: not yet"),
        sa.Column(
            "contacts",
            sa.Text(),
            nullable=True,
            comment="JSON: who called whom, as far as lost clients are told from it",
        ),
        sa.PrimaryKeyConstraint("timezone", "date", name=op.f("pk_ledger_days")),
    )
    op.create_index("ix_ledger_days_ends_at", "ledger_days", ["ends_at"])
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    for event, rows in EVENTS.items():
        concerns = " OR ".join(
            f"(ends_at > {row}.arrived_at AND starts_at <= {row}.arrived_at + {WEEK_AND_DAY})" for row in rows
        )
        over = " OR ".join(f"{row}.outcome IS NOT NULL" for row in rows)
        name, delete = f"ledger_days_{event}", f"DELETE FROM ledger_days WHERE {concerns};"  # noqa: S608 - of constants
        head = f"CREATE TRIGGER {name} AFTER {event.upper()} ON calls FOR EACH ROW WHEN ({over})"
        if is_sqlite:
            op.execute(f"{head} BEGIN {delete} END")
            continue
        body = f"BEGIN {delete} RETURN NULL; END"
        op.execute(f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS '{body}'")
        op.execute(f"{head} EXECUTE FUNCTION {name}()")


def downgrade() -> None:
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    for event in EVENTS:
        op.execute(f"DROP TRIGGER ledger_days_{event}" + ("" if is_sqlite else " ON calls"))
        if not is_sqlite:
            op.execute(f"DROP FUNCTION ledger_days_{event}()")
    op.drop_table("ledger_days")
