"""Who talked to the caller last, and who sent him on to where nobody talked to him; the same of a lost client."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_DROPPED = "he was sent on by who talked to him, and nobody talked to him there"
_SENT_ON = "who sent him on when he was lost last; NULL: he was lost otherwise"


def upgrade() -> None:
    op.add_column("calls", sa.Column("ended_with", sa.Text(), nullable=True, comment="who talked to the caller last"))
    op.add_column(
        "calls",
        sa.Column("is_dropped", sa.Boolean(), nullable=False, server_default=sa.false(), comment=_DROPPED),
    )
    op.add_column("calls", sa.Column("dropped_by", sa.Text(), nullable=True, comment="who sent him on"))
    op.add_column("tasks", sa.Column("dropped_by", sa.Text(), nullable=True, comment=_SENT_ON))


def downgrade() -> None:
    op.drop_column("tasks", "dropped_by")
    op.drop_column("calls", "dropped_by")
    op.drop_column("calls", "is_dropped")
    op.drop_column("calls", "ended_with")
