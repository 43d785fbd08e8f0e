"""changes say their system

Revision: 0031, after 0030
"""

import sqlalchemy as sa
from alembic import op

from migrations.chain import (
    CONTENT_DIGEST,
    DIGEST_SYSTEMS,
    GUARDS,
    KEEP_SYSTEMS,
    RECORD_CHANGES,
    RECORD_SYSTEMS,
    SEAL_WITHOUT_SYSTEMS,
)
from migrations.guards import VIEWS
from migrations.past import FORGET_PAST, REMAKE_PAST

revision = "0031"
down_revision = "0030"

_TOLD = next(each for each in VIEWS if "create view told" in each)
_IGNORED = """-- squawk-ignore-file ban-drop-column
select"""


def upgrade() -> None:
    op.add_column("changes", sa.Column("system", sa.Text(), nullable=True))
    for statement in (RECORD_SYSTEMS, DIGEST_SYSTEMS, KEEP_SYSTEMS, REMAKE_PAST):
        op.execute(statement)


def downgrade() -> None:
    op.execute(_IGNORED)
    op.execute(FORGET_PAST)
    op.execute("drop view told")  # that the guards have made, with the column
    op.execute(_TOLD)
    op.execute("grant select on told to workplan_app")
    op.execute(CONTENT_DIGEST.replace("create function", "create or replace function", 1))
    op.execute(SEAL_WITHOUT_SYSTEMS)
    op.execute(GUARDS[0].replace("create trigger", "create or replace trigger", 1))
    op.execute(RECORD_CHANGES)
    op.drop_column("changes", "system")
    op.execute(REMAKE_PAST)
