"""the past is planned quickly

Revision: 0019, after 0018
"""

from alembic import op

from migrations.past import FORGET_PAST, OF_FINDABLE, OF_IMAGES, REMAKE_PAST

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    op.execute(OF_IMAGES)
    op.execute(REMAKE_PAST)


def downgrade() -> None:
    op.execute(FORGET_PAST)
    op.execute(OF_FINDABLE)
    op.execute(REMAKE_PAST)
