"""a group is opened by one function

Revision: 0074, after 0073

What began a group was a statement of two functions, parsed and planned each time: a twentieth of what eight new records
cost the database. And the words of new records are inserted, without looking for those they could replace.
"""

from alembic import op

from migrations.grouping import OPEN_GROUP, WRITE_GONE, WRITE_NEW

revision = "0074"
down_revision = "0073"


def upgrade() -> None:
    op.execute(OPEN_GROUP)
    op.execute(WRITE_NEW)
    op.execute("select write_mirrors()")


def downgrade() -> None:
    op.execute(WRITE_GONE)
    op.execute("select write_mirrors()")
    op.execute("drop function open_group")
