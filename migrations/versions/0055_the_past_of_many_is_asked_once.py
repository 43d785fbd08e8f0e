"""the past of many is asked once

Revision: 0055, after 0054
"""

from alembic import op

from migrations.past import FORGET_PAST, FORGET_PAST_OF_MANY, OF_FENCED, OF_MANY, REMAKE_PAST

revision = "0055"
down_revision = "0054"


def upgrade() -> None:
    op.execute(OF_MANY)
    op.execute(REMAKE_PAST)


def downgrade() -> None:
    op.execute(FORGET_PAST)
    op.execute(FORGET_PAST_OF_MANY)
    op.execute(OF_FENCED)
    op.execute(REMAKE_PAST)
