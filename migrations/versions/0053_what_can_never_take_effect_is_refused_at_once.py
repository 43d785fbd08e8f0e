"""what can never take effect is refused at once

Revision: 0053, after 0052

An amendment from a day before that of the last one, and one that retires a goal and leaves its activities, were tabled
and concurred to by one side; only the second was told.
"""

from alembic import op

from migrations.amending import CHECK_DAY, CHECK_LEFT, CHECK_PLACES, CONCUR, CONCUR_IN_TIME, LEAVES

revision = "0053"
down_revision = "0052"


def upgrade() -> None:
    for statement in (CHECK_DAY, LEAVES, CHECK_LEFT, CONCUR_IN_TIME):
        op.execute(statement)


def downgrade() -> None:
    op.execute(CONCUR.replace("create function", "create or replace function", 1))
    op.execute(CHECK_PLACES)
    op.execute("drop function leaves_activities(jsonb)")
    op.execute("drop function check_day(date)")
