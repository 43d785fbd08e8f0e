"""gaps are dismissed

Revision: 0011, after 0010
"""

import sqlalchemy as sa
from alembic import op

from migrations.past import FORGET_PAST, REMAKE_PAST
from migrations.triggers import kept, own_keys, recorded, searched, writable

revision = "0011"
down_revision = "0010"

_TABLE = "gap_dismissals"


def upgrade() -> None:
    op.create_table(
        _TABLE,
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("gap", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("until", sa.Date(), nullable=False),
        sa.Column("keys", sa.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_gap_dismissals")),
        sa.UniqueConstraint("gap", name=op.f("uq_gap_dismissals_gap")),
    )
    for statement in [
        *kept(_TABLE),
        *recorded(_TABLE),
        *own_keys(_TABLE),
        *searched(_TABLE, "left(r.reason, 200)", "r.reason"),
        *writable([_TABLE]),
        REMAKE_PAST,
    ]:
        op.execute(statement)


def downgrade() -> None:
    op.execute(FORGET_PAST)
    op.drop_table(_TABLE)
    op.execute(REMAKE_PAST)
