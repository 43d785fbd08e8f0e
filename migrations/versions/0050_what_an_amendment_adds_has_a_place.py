"""what an amendment adds has a place

Revision: 0050, after 0049

Amendments that could never take effect were taken, tabled and concurred to: those that add an activity before its goal,
a goal under an area that is not there, or what has a code that another record has. The last told everybody why it
lapsed in the words of the database.
"""

from alembic import op

from migrations.amending import (
    BRING_IN_TURN,
    CHECK_PLACES,
    CHECK_WORDING,
    ENACT_DUE,
    ENACT_IN_WORDS,
    GOALS_FIRST,
    MISPLACED,
    MISPLACED_UNDER,
    TAKEN,
)

revision = "0050"
down_revision = "0049"


def upgrade() -> None:
    for statement in (MISPLACED_UNDER, TAKEN, CHECK_PLACES, GOALS_FIRST, ENACT_IN_WORDS):
        op.execute(statement)


def downgrade() -> None:
    for statement in (ENACT_DUE, BRING_IN_TURN, CHECK_WORDING, MISPLACED):
        op.execute(statement.replace("create function", "create or replace function", 1))
    op.execute("drop function taken_place(jsonb)")
