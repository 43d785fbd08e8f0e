"""amendments answer for themselves

Revision: 0059, after 0058

An activity of the plan that was brought back under a goal that is retired, or entered there, stood against every other
amendment: it was refused to the second side, or lapsed on its day, for what it does not speak of.
"""

from alembic import op

from migrations.amending import GOALS_FIRST, RETIRED_BY_ITSELF

revision = "0059"
down_revision = "0058"


def upgrade() -> None:
    op.execute(RETIRED_BY_ITSELF)


def downgrade() -> None:
    op.execute(GOALS_FIRST)
