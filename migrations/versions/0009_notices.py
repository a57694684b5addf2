"""Notices: what somebody is to be told of, written with what happened, and what became of it."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    key = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "notices",
        sa.Column("id", key, nullable=False),
        sa.Column("key", sa.Text(), nullable=False, comment="what is told only once: kind and call, task or client"),
        sa.Column("kind", sa.Text(), nullable=False, comment="lost | waiting | answered | undistributed"),
        sa.Column("at", sa.BigInteger(), nullable=False, comment="when it happened"),
        sa.Column(
            "due_at",
            sa.BigInteger(),
            nullable=False,
            comment="not told before, unless Asterisk's records settle it",
        ),
        sa.Column("client_id", key, nullable=True),
        sa.Column("department", sa.Text(), nullable=True),
        sa.Column("call_id", sa.Text(), nullable=True),
        sa.Column("task_id", key, nullable=True),
        sa.Column("settled_at", sa.BigInteger(), nullable=True, comment="NULL: nobody is told yet"),
        sa.Column(
            "outcome",
            sa.Text(),
            nullable=True,
            comment="told | nobody: no one can be reached | off: not wanted | over: settled before",
        ),
        sa.Column("person", sa.Text(), nullable=True, comment="who was told"),
        sa.Column(
            "passed",
            sa.Text(),
            nullable=True,
            comment="JSON: for whom it was meant before him, and why he was not told",
        ),
        sa.Column("message", sa.Text(), nullable=True, comment="the key of the message in the outbox"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notices")),
        sa.UniqueConstraint("key", name=op.f("uq_notices_key")),
    )
    for column in ("call_id", "task_id", "settled_at"):
        op.create_index(f"ix_notices_{column}", "notices", [column])
    waits, listed = sa.text("settled_at IS NULL"), sa.text("kind = 'undistributed'")
    op.create_index("ix_notices_due_at", "notices", ["due_at"], sqlite_where=waits, postgresql_where=waits)
    op.create_index("ix_notices_undistributed", "notices", ["client_id"], sqlite_where=listed, postgresql_where=listed)


def downgrade() -> None:
    op.drop_table("notices")
