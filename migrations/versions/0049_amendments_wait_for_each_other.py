"""amendments wait for each other

Revision: 0049, after 0048

Of two amendments of the same words that came into force at once, and of one beside a mended slip, the last was read
over the other: both had looked at the text before either wrote.
"""

from alembic import op

from migrations.amending import BRING_IN_TURN, BRING_INTO_FORCE

revision = "0049"
down_revision = "0048"


def upgrade() -> None:
    op.execute(BRING_IN_TURN)


def downgrade() -> None:
    op.execute(BRING_INTO_FORCE.replace("create function", "create or replace function", 1))
