"""every order has an index

Revision: 0012, after 0011
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"

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
        "": "coalesce(end_date, 'infinity'::date)",
        "_desc": "coalesce(end_date, '-infinity'::date)",
    },
}
"""What a list is sorted by where it is not the column itself: the beginning of a text, missing dates last."""


def upgrade() -> None:
    for table, columns in _ORDERS.items():
        for column in columns:
            for way, key in _KEYS.get(column, {"": column}).items():
                op.create_index(f"ix_{table}_{column}{way}", table, [sa.literal_column(key), "id"])
    op.drop_index("ix_organisations_kind", "organisations")
    op.create_index("ix_organisations_kind", "organisations", ["kind", "id"])


def downgrade() -> None:
    op.drop_index("ix_organisations_kind", "organisations")
    op.create_index("ix_organisations_kind", "organisations", ["kind"])
    for table, columns in _ORDERS.items():
        for column in columns:
            for way in _KEYS.get(column, {"": column}):
                op.drop_index(f"ix_{table}_{column}{way}", table)
