"""What Asterisk itself recorded of calls, and up to where its file has been read."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "record_files",
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("inode", sa.BigInteger(), nullable=False),
        sa.Column("offset", sa.BigInteger(), nullable=False, comment="in bytes, up to where it is read"),
        sa.Column("before", sa.LargeBinary(), nullable=False, comment="the last bytes before the offset"),
        sa.PrimaryKeyConstraint("path", name=op.f("pk_record_files")),
    )
    op.create_table(
        "records",
        sa.Column("asterisk_id", sa.Text(), nullable=False, comment="the channel: Asterisk's uniqueid"),
        sa.Column("sequence", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("linked_id", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("peer", sa.Text(), nullable=False),
        sa.Column("caller", sa.Text(), nullable=False),
        sa.Column("disposition", sa.Text(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("answered_at", sa.BigInteger(), nullable=True),
        sa.Column("ended_at", sa.BigInteger(), nullable=False),
        sa.Column("line", sa.Text(), nullable=False, comment="as dialled; empty: no call to a line"),
        sa.Column("by", sa.Text(), nullable=False, comment="fallback, or empty: the router's"),
        sa.Column("end", sa.Text(), nullable=False, comment="how the fallback's ladder ran out"),
        sa.Column("step", sa.Integer(), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=True, comment="of the scheme behind the fallback"),
        sa.Column("dialled", sa.Text(), nullable=False, comment="by a phone of ours; empty: no call out"),
        sa.Column("seen_at", sa.BigInteger(), nullable=False, comment="when it was read"),
        sa.Column("is_open", sa.Boolean(), nullable=False, comment="no row has been made of it yet, if one is due"),
        sa.PrimaryKeyConstraint("asterisk_id", "sequence", name=op.f("pk_records")),
    )
    op.create_index(op.f("ix_records_started_at"), "records", ["started_at"], unique=False)
    op.create_index(
        "ix_records_open",
        "records",
        ["seen_at"],
        unique=False,
        sqlite_where=sa.text("is_open"),
        postgresql_where=sa.text("is_open"),
    )
    op.create_index(op.f("ix_calls_asterisk_id"), "calls", ["asterisk_id"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_calls_asterisk_id"), table_name="calls")
    op.drop_table("records")
    op.drop_table("record_files")
