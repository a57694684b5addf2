"""Lost clients are tasks: one open for a client, and what became of each, append-only."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    key = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    is_open = sa.text("closed_at IS NULL")
    op.create_table(
        "tasks",
        sa.Column("id", key, nullable=False),
        sa.Column("client_id", key, nullable=False),
        sa.Column("number", sa.Text(), nullable=False, comment="E.164: he was lost with it last"),
        sa.Column("line", sa.Text(), nullable=False, comment="on which he was lost last"),
        sa.Column("department", sa.Text(), nullable=True),
        sa.Column("lost", sa.Integer(), nullable=False, comment="calls, since somebody talked to him"),
        sa.Column("since", sa.BigInteger(), nullable=False, comment="the first of them arrived"),
        sa.Column("last_at", sa.BigInteger(), nullable=False, comment="the last of them arrived"),
        sa.Column("attempts", sa.Integer(), nullable=False, comment="calls to him since, in vain"),
        sa.Column("attempted_at", sa.BigInteger(), nullable=True),
        sa.Column("taken_by", sa.Text(), nullable=True, comment="the person who calls him back"),
        sa.Column("taken_at", sa.BigInteger(), nullable=True),
        sa.Column("snoozed_until", sa.BigInteger(), nullable=True),
        sa.Column("closed_at", sa.BigInteger(), nullable=True, comment="NULL: open"),
        sa.Column("closed_how", sa.Text(), nullable=True, comment="rescued | returned | done"),
        sa.ForeignKeyConstraint(["client_id"], ["clients.id"], name=op.f("fk_tasks_client_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tasks")),
    )
    op.create_index(
        "uq_tasks_open", "tasks", ["client_id"], unique=True, sqlite_where=is_open, postgresql_where=is_open
    )
    op.create_index("ix_tasks_open_number", "tasks", ["number"], sqlite_where=is_open, postgresql_where=is_open)
    op.create_index("ix_tasks_client_id_id", "tasks", ["client_id", "id"])
    op.create_table(
        "task_history",
        sa.Column("id", key, nullable=False),
        sa.Column("task_id", key, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column(
            "what",
            sa.Text(),
            nullable=False,
            comment="lost | attempted | taken | snoozed | rescued | returned | done",
        ),
        sa.Column("person", sa.Text(), nullable=True, comment="of the company, who took it, called back or talked"),
        sa.Column("by", sa.Text(), nullable=True, comment="who said so: a user of this host; NULL: a call did"),
        sa.Column("call_id", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("until", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["task_id"], ["tasks.id"], name=op.f("fk_task_history_task_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_task_history")),
    )
    op.create_index("ix_task_history_task_id_id", "task_history", ["task_id", "id"])
    op.create_index("ix_task_history_call_id", "task_history", ["call_id"])


def downgrade() -> None:
    op.drop_table("task_history")
    op.drop_table("tasks")
