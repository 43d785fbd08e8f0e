"""every order has an index

Revision: 0015, after 0014
"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"

_ORDERS = {
    "events": ("title", "end_date", "created_at", "updated_at"),
    "activities": ("title", "end_date", "created_at", "updated_at"),
    "organisations": ("name", "created_at", "updated_at"),
    "focal_points": ("created_at", "updated_at"),
}
_KEYS = {
    "title": {"": "left(title, 250)"},
    "name": {"": "left(name, 250)"},
    "end_date": {
        "": "(case when end_date is null then 'infinity'::date else end_date end)",
        "_desc": "(case when end_date is null then '-infinity'::date else end_date end)",
    },
}
"""What a list is sorted by where it is not the column itself: the beginning of a text, missing dates last."""


_FEW = """-- squawk-ignore-file require-concurrent-index-creation, require-concurrent-index-deletion
-- No register holds so many records yet that building these would be waited for.
drop index ix_organisations_kind"""


def upgrade() -> None:
    op.execute(_FEW)
    for table, columns in _ORDERS.items():
        for column in columns:
            for way, key in _KEYS.get(column, {"": column}).items():
                op.create_index(f"ix_{table}_{column}{way}", table, [sa.literal_column(key), "id"])
    op.create_index("ix_organisations_kind", "organisations", ["kind", "id"])


def downgrade() -> None:
    op.drop_index("ix_organisations_kind", "organisations")
    op.create_index("ix_organisations_kind", "organisations", ["kind"])
    for table, columns in _ORDERS.items():
        for column in columns:
            for way in _KEYS.get(column, {"": column}):
                op.drop_index(f"ix_{table}_{column}{way}", table)
