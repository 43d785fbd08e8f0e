"""keys end themselves

Revision: 0030, after 0029
"""

from alembic import op

from migrations.access import KEY_ENDED

revision = "0030"
down_revision = "0029"


def upgrade() -> None:
    op.execute(KEY_ENDED)


def downgrade() -> None:
    op.execute("drop function key_ended(bytea)")
