"""Where the PBX recorded what Asterisk's records tell of."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_COMMENT = "the PBX's, a path; empty: there is none"


def upgrade() -> None:
    op.add_column(
        "records", sa.Column("recording", sa.Text(), nullable=False, server_default=sa.text("''"), comment=_COMMENT)
    )


def downgrade() -> None:
    op.drop_column("records", "recording")
