"""the past is looked up by record

Revision: 0028, after 0027
"""

from alembic import op

from migrations.past import FORGET_PAST, OF_FENCED, OF_KEPT, REMAKE_PAST

revision = "0028"
down_revision = "0027"


def upgrade() -> None:
    op.execute(OF_FENCED)
    op.execute(REMAKE_PAST)


def downgrade() -> None:
    op.execute(FORGET_PAST)
    op.execute(OF_KEPT)
    op.execute(REMAKE_PAST)
