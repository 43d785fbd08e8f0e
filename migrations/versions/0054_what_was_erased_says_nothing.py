"""what was erased says nothing

Revision: 0054, after 0053

A change and a reason without a salt were not looked at when the chain was walked: whoever took the salt away could
write something else in their place, and the chain held.
"""

from alembic import op

from migrations.chain import GUARDS, KEEP_SYSTEMS
from migrations.walk import KEEP_ERASED, WALK_CHAIN, WALK_ERASED

revision = "0054"
down_revision = "0053"


def upgrade() -> None:
    for statement in (WALK_ERASED, *KEEP_ERASED):
        op.execute(statement)


def downgrade() -> None:
    op.execute(GUARDS[1].replace("create trigger", "create or replace trigger", 1))
    op.execute(KEEP_SYSTEMS)
    op.execute(WALK_CHAIN.replace("create function", "create or replace function", 1))
