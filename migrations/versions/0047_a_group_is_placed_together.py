"""a group is placed together

Revision: 0047, after 0046

The end of the journal is moved, and announced, once for all commits of a transaction.
"""

from alembic import op

from migrations.grouping import PLACED_EACH, PLACED_TOGETHER

revision = "0047"
down_revision = "0046"


def upgrade() -> None:
    op.execute(PLACED_TOGETHER)


def downgrade() -> None:
    op.execute(PLACED_EACH)
