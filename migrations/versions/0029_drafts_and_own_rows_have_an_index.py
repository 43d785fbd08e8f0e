"""drafts and own rows have an index

Revision: 0029, after 0028
"""

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"

_DRAFTED = ("activities", "events", "focal_points")
_OWNED = ("activities", "events")
_FEW = """-- squawk-ignore-file require-concurrent-index-creation, require-concurrent-index-deletion
-- No register holds so many records yet that building these would be waited for.
select"""


def upgrade() -> None:
    op.execute(_FEW)
    for table in _DRAFTED:
        op.create_index(f"ix_{table}_visibility", table, ["visibility", "id"])
    for table in _OWNED:
        op.create_index(
            f"ix_{table}_owner", table, ["owner", "id"], postgresql_where=sa.text("owner IS NOT NULL")
        )


def downgrade() -> None:
    for table in _OWNED:
        op.drop_index(f"ix_{table}_owner", table)
    for table in _DRAFTED:
        op.drop_index(f"ix_{table}_visibility", table)
