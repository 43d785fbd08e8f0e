"""walks use their index under row security

Revision: 0013, after 0012

A page behind a cursor is found by an index only if PostgreSQL knows that the comparison reveals nothing of rows that
the caller may not see. It knows that of CASE, not of COALESCE.
"""

from alembic import op

revision = "0013"
down_revision = "0012"

# Ten thousands of rows at most: the new indexes are there before anybody notices.
_FEW = """-- squawk-ignore-file require-concurrent-index-creation, require-concurrent-index-deletion
lock table activities, events in access exclusive mode"""
_TABLES = ("activities", "events")
_ENDS = {"ix_{}_start_date": "infinity", "ix_{}_start_date_desc": "-infinity"}
_NEW = "case when start_date is null then '{}'::date else start_date end"
_OLD = "coalesce(start_date, '{}'::date)"


def upgrade() -> None:
    _make(_NEW)


def downgrade() -> None:
    _make(_OLD)


def _make(expression: str) -> None:
    op.execute(_FEW)
    for table in _TABLES:
        for name, end in _ENDS.items():
            op.execute(f"drop index {name.format(table)}")
            op.execute(f"create index {name.format(table)} on {table} (({expression.format(end)}), id)")
