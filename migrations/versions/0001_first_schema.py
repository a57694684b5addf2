"""The first schema: clients, the scheme's revisions, calls with all their parts, the journal."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _calls()
    _clients()
    _journal()
    _journal_offsets()
    _scheme_revisions()
    _call_legs()
    _call_steps()
    _call_talk()
    _client_phones()
    _responsibles()


def downgrade() -> None:
    op.drop_table("responsibles")
    op.drop_table("client_phones")
    op.drop_table("call_talk")
    op.drop_table("call_steps")
    op.drop_table("call_legs")
    op.drop_table("scheme_revisions")
    op.drop_table("journal_offsets")
    op.drop_table("journal")
    op.drop_table("clients")
    op.drop_table("calls")


def _calls() -> None:
    op.create_table(
        "calls",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("line", sa.Text(), nullable=False),
        sa.Column("department", sa.Text(), nullable=True),
        sa.Column("caller", sa.Text(), nullable=True),
        sa.Column("caller_raw", sa.Text(), nullable=False),
        sa.Column("client_id", ID, nullable=True, comment="the card, made at the end of the call if need be"),
        sa.Column("client", sa.Text(), nullable=True),
        sa.Column("responsible", sa.Text(), nullable=True),
        sa.Column("priority", sa.Text(), nullable=True),
        sa.Column("segment", sa.Text(), nullable=True),
        sa.Column("claimed_by", sa.Text(), nullable=True),
        sa.Column("direction", sa.Text(), nullable=False),
        sa.Column("arrived_at", sa.BigInteger(), nullable=False),
        sa.Column("answered_at", sa.BigInteger(), nullable=True),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True, comment="NULL: the call lives"),
        sa.Column("lost_reason", sa.Text(), nullable=True),
        sa.Column("lost_step", sa.Integer(), nullable=True),
        sa.Column("answered_by", sa.Text(), nullable=True),
        sa.Column("answered_step", sa.Integer(), nullable=True),
        sa.Column("scheme_revision", sa.Integer(), nullable=True),
        sa.Column("routed_by", sa.Text(), nullable=False),
        sa.Column("recovered", sa.Boolean(), nullable=False),
        sa.Column("asterisk_id", sa.Text(), nullable=False),
        sa.Column("recording", sa.Text(), nullable=True),
        sa.Column("app", sa.Text(), nullable=False, comment="the worker"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_calls")),
    )
    op.create_index(op.f("ix_calls_arrived_at"), "calls", ["arrived_at"], unique=False)
    op.create_index("ix_calls_caller_arrived_at", "calls", ["caller", "arrived_at"], unique=False)
    op.create_index(
        "ix_calls_live",
        "calls",
        ["arrived_at"],
        unique=False,
        sqlite_where=sa.text("outcome IS NULL"),
        postgresql_where=sa.text("outcome IS NULL"),
    )


def _clients() -> None:
    op.create_table(
        "clients",
        sa.Column("id", ID, nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column(
            "name_folded", sa.Text(), nullable=True, comment="casefolded, to be found by: SQLite folds ASCII only"
        ),
        sa.Column("priority", sa.Text(), nullable=True),
        sa.Column("segment", sa.Text(), nullable=True),
        sa.Column("attributes", sa.Text(), nullable=False, comment="JSON object: the import's other columns"),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("how", sa.Text(), nullable=False, comment="imported | called"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_clients")),
    )


def _journal() -> None:
    op.create_table(
        "journal",
        sa.Column("id", ID, nullable=False),
        sa.Column("call_id", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("event", sa.Text(), nullable=False, comment="the event's name"),
        sa.Column("record", sa.Text(), nullable=False, comment="JSON: the event and its commands"),
        sa.Column("app", sa.Text(), nullable=False),
        sa.Column("segment", sa.Text(), nullable=False),
        sa.Column("offset", sa.BigInteger(), nullable=False, comment="in bytes, where the record begins"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_journal")),
        sa.UniqueConstraint("app", "segment", "offset", name=op.f("uq_journal_app_segment_offset")),
    )
    op.create_index("ix_journal_call_id_id", "journal", ["call_id", "id"], unique=False)


def _journal_offsets() -> None:
    op.create_table(
        "journal_offsets",
        sa.Column("app", sa.Text(), nullable=False),
        sa.Column("segment", sa.Text(), nullable=False),
        sa.Column("offset", sa.BigInteger(), nullable=False, comment="in bytes, up to where the segment is shipped"),
        sa.PrimaryKeyConstraint("app", "segment", name=op.f("pk_journal_offsets")),
    )


def _scheme_revisions() -> None:
    op.create_table(
        "scheme_revisions",
        sa.Column("revision", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("document", sa.LargeBinary(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("applied_at", sa.BigInteger(), nullable=False),
        sa.Column("applied_by", sa.Text(), nullable=True),
        sa.Column("comment", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("revision", name=op.f("pk_scheme_revisions")),
    )


def _call_legs() -> None:
    op.create_table(
        "call_legs",
        sa.Column("call_id", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("person", sa.Text(), nullable=True),
        sa.Column("phone", sa.Text(), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("ringing_at", sa.BigInteger(), nullable=True),
        sa.Column("answered_at", sa.BigInteger(), nullable=True),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("result", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["call_id"], ["calls.id"], name=op.f("fk_call_legs_call_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("call_id", "position", name=op.f("pk_call_legs")),
    )


def _call_steps() -> None:
    op.create_table(
        "call_steps",
        sa.Column("call_id", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("skipped", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["call_id"], ["calls.id"], name=op.f("fk_call_steps_call_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("call_id", "position", name=op.f("pk_call_steps")),
    )


def _call_talk() -> None:
    op.create_table(
        "call_talk",
        sa.Column("call_id", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("person", sa.Text(), nullable=True),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["call_id"], ["calls.id"], name=op.f("fk_call_talk_call_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("call_id", "position", name=op.f("pk_call_talk")),
    )


def _client_phones() -> None:
    op.create_table(
        "client_phones",
        sa.Column("number", sa.Text(), nullable=False, comment="E.164"),
        sa.Column("client_id", ID, nullable=False),
        sa.Column("raw", sa.Text(), nullable=False, comment="as it was written where it came from"),
        sa.ForeignKeyConstraint(
            ["client_id"], ["clients.id"], name=op.f("fk_client_phones_client_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_client_phones")),
    )
    op.create_index(op.f("ix_client_phones_client_id"), "client_phones", ["client_id"], unique=False)


def _responsibles() -> None:
    op.create_table(
        "responsibles",
        sa.Column("id", ID, nullable=False),
        sa.Column("client_id", ID, nullable=False),
        sa.Column("department", sa.Text(), nullable=True, comment="NULL: every department"),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=True, comment="NULL: still"),
        sa.Column("how", sa.Text(), nullable=False, comment="answered | assigned | imported"),
        sa.Column("by_call", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["client_id"], ["clients.id"], name=op.f("fk_responsibles_client_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_responsibles")),
    )
    op.create_index(op.f("ix_responsibles_client_id"), "responsibles", ["client_id"], unique=False)
    op.create_index(
        "uq_responsibles_open",
        "responsibles",
        ["client_id", "department"],
        unique=True,
        sqlite_where=sa.text("until IS NULL AND department IS NOT NULL"),
        postgresql_where=sa.text("until IS NULL AND department IS NOT NULL"),
    )
    op.create_index(
        "uq_responsibles_open_general",
        "responsibles",
        ["client_id"],
        unique=True,
        sqlite_where=sa.text("until IS NULL AND department IS NULL"),
        postgresql_where=sa.text("until IS NULL AND department IS NULL"),
    )
