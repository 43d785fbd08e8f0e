"""what cannot be withdrawn is not said to be

Revision: 0063, after 0062

Who deletes an amendment that is in force, or closed, was told to withdraw it. Only one that is tabled can be.
"""

from alembic import op

from migrations.amending import KEEP, KEEP_IN_THE_RECORD

revision = "0063"
down_revision = "0062"


def upgrade() -> None:
    op.execute(KEEP_IN_THE_RECORD)


def downgrade() -> None:
    op.execute(KEEP.replace("create function", "create or replace function", 1))
