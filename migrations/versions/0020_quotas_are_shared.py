"""quotas are shared

Revision: 0020, after 0019
"""

import sqlalchemy as sa
from alembic import op

from migrations.triggers import writable

revision = "0020"
down_revision = "0019"

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
