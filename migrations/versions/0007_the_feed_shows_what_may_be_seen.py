"""the feed shows what may be seen

Revision: 0007, after 0006
"""

from alembic import op

from migrations.feed import VISIBLE

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.execute(VISIBLE)


def downgrade() -> None:
    op.execute("drop function visible(text, json)")
