"""several requests share a transaction

Revision: 0046, after 0045

Each request of a group has a commit of its own, which its only change begins. Mirrors of a few records are kept by
statements whose plans are kept.
"""

from alembic import op

from migrations.chain import instead
from migrations.grouping import GROUPED, KEYS_ARE_FREE, PLACED_EACH, TELL_REQUESTS, WRITE_FEW
from migrations.mirrors import UNWRITE_MIRRORS, WRITE_MIRRORS
from migrations.placing import PLACED, RECORDED

revision = "0046"
down_revision = "0045"

_WRITTEN_ANEW = "select write_mirrors()"


def upgrade() -> None:
    for statement in (GROUPED, PLACED_EACH, WRITE_FEW, _WRITTEN_ANEW, TELL_REQUESTS, KEYS_ARE_FREE):
        op.execute(statement)


def downgrade() -> None:
    op.execute("drop function tell_requests, keys_are_free")
    op.execute(UNWRITE_MIRRORS)
    op.execute(instead(WRITE_MIRRORS, "create function", "create or replace function"))
    for statement in (_WRITTEN_ANEW, PLACED, RECORDED):
        op.execute(statement)
