"""${message}

Revision: ${up_revision}, after ${down_revision | comma,n}
"""

import sqlalchemy as sa
from alembic import op

from migrations.past import FORGET_PAST, REMAKE_PAST
${imports if imports else ""}

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}


def upgrade() -> None:
    op.execute(FORGET_PAST)
    ${upgrades if upgrades else "pass"}
    op.execute(REMAKE_PAST)


def downgrade() -> None:
    op.execute(FORGET_PAST)
    ${downgrades if downgrades else "pass"}
    op.execute(REMAKE_PAST)
