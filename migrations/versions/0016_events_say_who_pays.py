"""events say who pays

Revision: 0016, after 0015
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.past import FORGET_PAST, REMAKE_PAST

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    op.add_column(
        "events", sa.Column("funding", postgresql.JSONB(), server_default=sa.text("'[]'"), nullable=False)
    )
    op.execute(REMAKE_PAST)


def downgrade() -> None:
    op.execute(FORGET_PAST)
    op.drop_column("events", "funding")
    op.execute(REMAKE_PAST)
