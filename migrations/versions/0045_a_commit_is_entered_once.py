"""a commit is entered once

Revision: 0045, after 0044

The entry of a commit is written as it is placed, complete, and not as it begins and once more as it ends. What places
it is queued by its first change.
"""

from alembic import op

from migrations.chain import COUNTED, SETTLED, THIS_COUNTED
from migrations.functions import AFTER_TABLES
from migrations.placing import LAST_OF_ALL, PLACED, RECORDED

revision = "0045"
down_revision = "0044"

# Nobody writes meanwhile: an entry that is not placed yet would never be. In the order in which writers lock the two.
_LOCK = "lock table {} in access exclusive mode"
_AT_AN_ENTRY = next(each for each in AFTER_TABLES if "constraint trigger place_commit" in each)


def upgrade() -> None:
    op.execute(_LOCK.format("commits, changes"))
    op.execute("drop trigger place_commit on commits")
    for statement in (RECORDED, PLACED, LAST_OF_ALL):
        op.execute(statement)
    op.execute("-- squawk-ignore ban-drop-function\ndrop function this_commit()")  # no client called it


def downgrade() -> None:
    op.execute(_LOCK.format("changes, commits"))
    op.execute("drop trigger place_commit on changes")
    for statement in (THIS_COUNTED, COUNTED, SETTLED, _AT_AN_ENTRY):
        op.execute(statement)
