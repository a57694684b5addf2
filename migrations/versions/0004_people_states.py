"""Who has paused, when and why: an append-only history, one open for a person."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "people_states",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False, comment="pause"),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column(
            "until", sa.BigInteger(), nullable=True, comment="when it ends by itself; NULL: not before it is ended"
        ),
        sa.Column("ended_at", sa.BigInteger(), nullable=True, comment="when it was ended; NULL: open"),
        sa.Column("by", sa.Text(), nullable=False, comment="who wanted it: a user of this host, or a phone"),
        sa.Column("ended_by", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_people_states")),
    )
    op.create_index(
        "uq_people_states_open",
        "people_states",
        ["person"],
        unique=True,
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )


def downgrade() -> None:
    op.drop_table("people_states")
