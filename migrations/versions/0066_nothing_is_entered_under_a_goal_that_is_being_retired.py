"""nothing is entered under a goal that is being retired

Revision: 0066, after 0065

An activity of the plan that was entered under a goal in the moment in which an amendment retired it was left there: the
one did not see the other.
"""

from alembic import op

from migrations.amending import RETIRED_ALONE, RETIRED_BY_ITSELF

revision = "0066"
down_revision = "0065"


def upgrade() -> None:
    op.execute(RETIRED_ALONE)


def downgrade() -> None:
    op.execute(RETIRED_BY_ITSELF)
