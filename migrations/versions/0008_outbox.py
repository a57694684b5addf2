"""What is sent by itself: runs of the nightly job, the editions it makes, messages until they have arrived."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    key = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "runs",
        sa.Column("job", sa.Text(), nullable=False, comment="export"),
        sa.Column("date", sa.Text(), nullable=False, comment="the business date, YYYY-MM-DD"),
        sa.Column("tries", sa.Integer(), nullable=False, comment="times somebody has begun it"),
        sa.Column("begun_at", sa.BigInteger(), nullable=False, comment="the last of these"),
        sa.Column("claim", sa.Text(), nullable=True, comment="of who does it; NULL: nobody"),
        sa.Column("claimed_until", sa.BigInteger(), nullable=True, comment="then another may do it"),
        sa.Column("finished_at", sa.BigInteger(), nullable=True, comment="NULL: not yet"),
        sa.Column("error", sa.Text(), nullable=True, comment="why the last try came to nothing"),
        sa.PrimaryKeyConstraint("job", "date", name=op.f("pk_runs")),
    )
    op.create_table(
        "editions",
        sa.Column("id", key, nullable=False),
        sa.Column("date", sa.Text(), nullable=False, comment="the business date, YYYY-MM-DD"),
        sa.Column("whose", sa.Text(), nullable=False, comment="company, or person:KEY"),
        sa.Column("number", sa.Integer(), nullable=False, comment="1, 2, … of this date"),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column(
            "as_of", sa.BigInteger(), nullable=False, comment="the end of the date: what came later is not in it"
        ),
        sa.Column("digest", sa.Text(), nullable=False, comment="of what was known: another one makes another edition"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_editions")),
        sa.UniqueConstraint("date", "whose", "number", name=op.f("uq_editions_date_whose_number")),
    )
    op.create_table(
        "edition_files",
        sa.Column("edition_id", key, nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["edition_id"], ["editions.id"], name=op.f("fk_edition_files_edition_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("edition_id", "position", name=op.f("pk_edition_files")),
    )
    op.create_table(
        "outbox",
        sa.Column("id", key, nullable=False),
        sa.Column("key", sa.Text(), nullable=False, comment="never changes: Message-ID, Idempotency-Key"),
        sa.Column("kind", sa.Text(), nullable=False, comment="export | notice"),
        sa.Column("to", sa.Text(), nullable=False, comment="mail:ADDRESS, hook:URL or dir:PATH"),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("html", sa.Text(), nullable=True),
        sa.Column("edition_id", key, nullable=True, comment="whose files go with it"),
        sa.Column("put_at", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False, comment="waiting | delivered | dead | dropped"),
        sa.Column("settled_at", sa.BigInteger(), nullable=True, comment="since when it no longer waits"),
        sa.Column(
            "due_at", sa.BigInteger(), nullable=False, comment="the next attempt; claimed: when the claim runs out"
        ),
        sa.Column("claim", sa.Text(), nullable=True, comment="of who delivers it at the moment; NULL: nobody"),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("error", sa.Text(), nullable=True, comment="of the last attempt"),
        sa.Column(
            "failed_at",
            sa.BigInteger(),
            nullable=True,
            comment="when it was given up last; stays if it arrives after all",
        ),
        sa.ForeignKeyConstraint(["edition_id"], ["editions.id"], name=op.f("fk_outbox_edition_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
        sa.UniqueConstraint("key", name=op.f("uq_outbox_key")),
    )
    op.create_index("ix_outbox_edition_id", "outbox", ["edition_id"])
    op.create_index("ix_outbox_failed_at", "outbox", ["failed_at"])
    waits, dead = sa.text("state = 'waiting'"), sa.text("state = 'dead'")
    op.create_index("ix_outbox_waiting", "outbox", ["due_at"], sqlite_where=waits, postgresql_where=waits)
    op.create_index("ix_outbox_dead", "outbox", ["settled_at"], sqlite_where=dead, postgresql_where=dead)


def downgrade() -> None:
    op.drop_table("outbox")
    op.drop_table("edition_files")
    op.drop_table("editions")
    op.drop_table("runs")
