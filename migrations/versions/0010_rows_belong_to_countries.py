"""rows belong to countries

Revision: 0010, after 0009
"""

import sqlalchemy as sa
from alembic import op

from migrations.feed import VISIBLE
from migrations.functions import AFTER_TABLES
from migrations.guards import (
    FORGET_GUARDS,
    NOTE_HIDDEN,
    OWN_BY_DEFAULT,
    SCOPED,
    SPEAKS,
    SPEAKS_FOR,
    VIEWS,
    hidden,
    own_by_default,
)
from migrations.past import FORGET_PAST, OF_FINDABLE, OF_RECORDS, REMAKE_PAST

revision = "0010"
down_revision = "0009"

_OWNED = ("activities", "events")
_DRAFTED = {"activities": "owner", "events": "owner", "focal_points": "country"}
_WORDS = "visibility in ('public', 'partners', 'own')"
# Constraints that hold of a default need no scan worth waiting for.
_IGNORED = """-- squawk-ignore-file constraint-missing-not-valid, ban-drop-function
select 1"""
_SPREAD_KEY = next(each for each in AFTER_TABLES if "create function spread_key" in each)


def upgrade() -> None:
    op.execute(_IGNORED)
    for table in _OWNED:
        op.add_column(table, sa.Column("owner", sa.Text(), nullable=True))
        op.create_check_constraint(op.f(f"ck_{table}_owner"), table, "owner ~ '^[A-Z]{2}$'")
    for table in _DRAFTED:
        op.add_column(
            table, sa.Column("visibility", sa.Text(), server_default=sa.text("'public'"), nullable=False)
        )
        op.create_check_constraint(op.f(f"ck_{table}_visibility"), table, _WORDS)
    op.create_table(
        "hidden_records",
        sa.Column("record_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=True),
        sa.Column("visibility", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("record_id", name=op.f("pk_hidden_records")),
    )
    op.execute("alter table hidden_records enable row level security")
    for statement in [SCOPED, SPEAKS, SPEAKS_FOR, NOTE_HIDDEN, OWN_BY_DEFAULT, *VIEWS]:
        op.execute(statement)
    for table in _OWNED:
        op.execute(own_by_default(table))
    for table, owner in _DRAFTED.items():
        for statement in hidden(table, owner):
            op.execute(statement)
    # A key given late is told to all who name the record, whoever gives it.
    op.execute("alter function spread_key() security definer")
    op.execute("alter function spread_key() set search_path = public, pg_temp")
    op.execute(OF_FINDABLE)
    op.execute(REMAKE_PAST)


def downgrade() -> None:
    op.execute(FORGET_GUARDS)
    op.execute(FORGET_PAST)
    op.execute(VISIBLE.replace("create function", "create or replace function", 1))
    op.execute(_SPREAD_KEY.replace("create function", "create or replace function", 1))
    op.execute("grant select on search_texts to workplan_app")
    for view in ("told", "findable", "once_hidden", "withheld"):
        op.execute(f"drop view {view}")
    for table in _DRAFTED:
        for event in ("insert", "update"):
            op.execute(f"drop trigger hidden_{event} on {table}")
    for table in _OWNED:
        op.execute(f"drop trigger own_by_default on {table}")
    for function in ("own_by_default()", "note_hidden()"):
        op.execute(f"drop function {function}")
    for function in ("speaks_for(text[], text)", "speaks(text[], text)", "scoped(text)"):
        op.execute(f"drop function {function}")
    op.drop_table("hidden_records")
    for table in _DRAFTED:
        op.drop_column(table, "visibility")
    for table in _OWNED:
        op.drop_column(table, "owner")
    op.execute(OF_RECORDS)
    op.execute(REMAKE_PAST)
