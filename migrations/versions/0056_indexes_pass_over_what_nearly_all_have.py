"""indexes pass over what nearly all have

Revision: 0056, after 0055

What is public, or refers to nothing, is nearly everything: no list is read by that, but every write kept it.
"""

import sqlalchemy as sa
from alembic import op

revision = "0056"
down_revision = "0055"

_INDEXES = [
    *(
        (table, ["visibility", "id"], "visibility <> 'public'")
        for table in ("activities", "events", "focal_points")
    ),
    ("activities", ["parent_id"], "parent_id IS NOT NULL"),
    ("activities", ["status_reported_by_id"], "status_reported_by_id IS NOT NULL"),
]
_FEW = """-- squawk-ignore-file require-concurrent-index-creation, require-concurrent-index-deletion
-- They are made in the time of one look through the table: what they hold is little.
select"""


def upgrade() -> None:
    op.execute(_FEW)
    for table, columns, where in _INDEXES:
        op.drop_index(f"ix_{table}_{columns[0]}", table)
        op.create_index(f"ix_{table}_{columns[0]}", table, columns, postgresql_where=sa.text(where))


def downgrade() -> None:
    for table, columns, _ in _INDEXES:
        op.drop_index(f"ix_{table}_{columns[0]}", table)
        op.create_index(f"ix_{table}_{columns[0]}", table, columns)
