"""Whether a call came outside hours, by which source, and who was considered and not rung, is known with its row."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Columns are added in place: SQLite would copy a year of calls to change anything else.
    closed: sa.Column[bool] = sa.Column(
        "is_closed",
        sa.Boolean(),
        nullable=False,
        server_default=sa.false(),
        comment="it arrived outside the line's hours",
    )
    op.add_column("calls", closed)
    op.add_column(
        "calls", sa.Column("source", sa.Text(), nullable=True, comment="where callers have the line's number from")
    )
    op.add_column(
        "call_steps",
        sa.Column("passed", sa.Text(), nullable=True, comment="JSON: who was considered and not rung, and why"),
    )
    op.execute("UPDATE calls SET is_closed = true WHERE lost_reason = 'closed'")


def downgrade() -> None:
    op.drop_column("call_steps", "passed")
    op.drop_column("calls", "source")
    op.drop_column("calls", "is_closed")
