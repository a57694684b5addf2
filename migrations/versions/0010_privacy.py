"""Who was forgotten, and since when an edition has no files any more."""

import hashlib

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "forgotten",
        sa.Column("token", sa.Text(), nullable=False, comment="chance: it stands where the number stood"),
        sa.Column(
            "digest",
            sa.LargeBinary(),
            nullable=False,
            comment="24 bits of the number's keyed hash: many numbers have it",
        ),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("token", name=op.f("pk_forgotten")),
    )
    op.add_column(
        "editions",
        sa.Column(
            "erased_at",
            sa.BigInteger(),
            nullable=True,
            comment="since when its files are gone: somebody in it was forgotten, or they are old",
        ),
    )
    # What told a file of Asterisk's records from another was a piece of it, with the numbers in it: now it is a hash.
    files = sa.table("record_files", sa.column("path"), sa.column("before"))
    for one in op.get_bind().execute(sa.select(files.c.path, files.c.before)).all():
        mark = hashlib.blake2b(one.before, digest_size=4).digest()
        op.execute(files.update().where(files.c.path == one.path).values(before=mark))


def downgrade() -> None:
    op.drop_column("editions", "erased_at")
    op.drop_table("forgotten")
