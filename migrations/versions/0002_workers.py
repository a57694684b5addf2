"""The workers' leases: who lives, and at which Asterisk."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "workers",
        sa.Column("app", sa.Text(), nullable=False),
        sa.Column("run", sa.Text(), nullable=False, comment="the life that has the lease"),
        sa.Column("pbx", sa.Text(), nullable=False, comment="Asterisk's entity id"),
        sa.Column("place", sa.Text(), nullable=False, comment="host and DATA_DIR"),
        sa.Column("pid", sa.Integer(), nullable=False),
        sa.Column("calls", sa.Integer(), nullable=False, comment="that it has at the moment"),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("beat_at", sa.BigInteger(), nullable=False, comment="by the database's clock; 0: it left in order"),
        sa.PrimaryKeyConstraint("app", name=op.f("pk_workers")),
    )


def downgrade() -> None:
    op.drop_table("workers")
