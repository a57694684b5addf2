"""Several clients may have one number; who talked last, idles longest and begins next is found by an index."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("client_phones") as table:
        table.drop_constraint("pk_client_phones", type_="primary")
        table.create_primary_key("pk_client_phones", ["number", "client_id"])
    op.create_index(
        "ix_calls_dialled",
        "calls",
        ["line", "arrived_at"],
        sqlite_where=sa.text("direction = 'out'"),
        postgresql_where=sa.text("direction = 'out'"),
    )
    op.create_index("ix_calls_client_id_arrived_at", "calls", ["client_id", "arrived_at"])
    op.create_index("ix_call_talk_person_started_at_ended_at", "call_talk", ["person", "started_at", "ended_at"])
    op.create_index("ix_call_steps_target_started_at", "call_steps", ["target", "started_at"])


def downgrade() -> None:
    op.drop_index("ix_call_steps_target_started_at", table_name="call_steps")
    op.drop_index("ix_call_talk_person_started_at_ended_at", table_name="call_talk")
    op.drop_index("ix_calls_client_id_arrived_at", table_name="calls")
    op.drop_index("ix_calls_dialled", table_name="calls")
    # Of those who share a number the oldest card keeps it.
    op.execute(
        "DELETE FROM client_phones WHERE client_id > "
        "(SELECT min(other.client_id) FROM client_phones AS other WHERE other.number = client_phones.number)"
    )
    with op.batch_alter_table("client_phones") as table:
        table.drop_constraint("pk_client_phones", type_="primary")
        table.create_primary_key("pk_client_phones", ["number"])
