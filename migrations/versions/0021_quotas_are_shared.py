"""quotas are shared

Revision: 0021, after 0020
"""

import sqlalchemy as sa
from alembic import op

from migrations.triggers import writable

revision = "0021"
down_revision = "0020"

_TABLE = "spent_quotas"


def upgrade() -> None:
    op.create_table(
        _TABLE,
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("whole_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_spent_quotas")),
        prefixes=["unlogged"],
    )
    for statement in writable([_TABLE]):
        op.execute(statement)


def downgrade() -> None:
    op.drop_table(_TABLE)
