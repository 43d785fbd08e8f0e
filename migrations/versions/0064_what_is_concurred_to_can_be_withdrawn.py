"""what is concurred to can be withdrawn

Revision: 0064, after 0063

An amendment that both sides had concurred to, with a day far off that was a slip, had no way out until that day.
"""

from alembic import op

from migrations.amending import CHECK_COMING, KEEP_IN_THE_RECORD, KEEP_UNTIL_ITS_DAY

revision = "0064"
down_revision = "0063"


def upgrade() -> None:
    op.execute(CHECK_COMING)
    op.execute(KEEP_UNTIL_ITS_DAY)


def downgrade() -> None:
    op.execute(KEEP_IN_THE_RECORD)
    op.execute("drop function check_coming(date)")
