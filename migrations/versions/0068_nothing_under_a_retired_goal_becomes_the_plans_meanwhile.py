"""nothing under a retired goal becomes the plan's meanwhile

Revision: 0068, after 0067

An activity of a country that was made one of the plan in the moment in which an amendment retired its goal was left
there: its reference to the goal does not change, so neither saw the other.
"""

from alembic import op

from migrations.amending import RETIRED_ALONE, RETIRED_WITH_ALL

revision = "0068"
down_revision = "0067"


def upgrade() -> None:
    op.execute(RETIRED_WITH_ALL)


def downgrade() -> None:
    op.execute(RETIRED_ALONE)
