"""other frameworks are known

Revision: 0018, after 0017
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.past import FORGET_PAST, REMAKE_PAST
from migrations.triggers import kept, linked, own_keys, readable, recorded, searched, writable

revision = "0018"
down_revision = "0017"

_TABLE, _GOALS = "framework_items", "framework_item_goals"
_WORDS = "concat_ws(' ', r.framework, r.title, r.summary)"


def upgrade() -> None:
    op.create_table(
        _TABLE,
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("framework", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("summary", sa.Text(), nullable=True),
        sa.Column("body_id", sa.Uuid(), nullable=True),
        sa.Column("countries", sa.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("start_date", sa.Date(), nullable=True),
        sa.Column("end_date", sa.Date(), nullable=True),
        sa.Column("goals", postgresql.JSONB(), server_default=sa.text("'[]'"), nullable=False),
        sa.Column("sources", postgresql.JSONB(), server_default=sa.text("'[]'"), nullable=False),
        sa.Column("keys", sa.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "end_date is null or start_date is null or end_date >= start_date",
            name=op.f(f"ck_{_TABLE}_end_date"),
        ),
        sa.ForeignKeyConstraint(["body_id"], ["organisations.id"], name=op.f(f"fk_{_TABLE}_body_id")),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{_TABLE}")),
    )
    op.create_index(op.f(f"ix_{_TABLE}_body_id"), _TABLE, ["body_id"])
    op.create_table(
        _GOALS,
        sa.Column("framework_item_id", sa.Uuid(), nullable=False),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("goal_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["framework_item_id"], [f"{_TABLE}.id"], name=op.f(f"fk_{_GOALS}_framework_item_id"),
            ondelete="cascade",
        ),
        sa.ForeignKeyConstraint(["goal_id"], ["goals.id"], name=op.f(f"fk_{_GOALS}_goal_id")),
        sa.PrimaryKeyConstraint("framework_item_id", "field", "goal_id", name=op.f(f"pk_{_GOALS}")),
    )  # fmt: skip
    op.create_index(op.f(f"ix_{_GOALS}_goal_id"), _GOALS, ["goal_id"])
    for statement in [
        *kept(_TABLE),
        *recorded(_TABLE),
        *own_keys(_TABLE),
        *searched(_TABLE, "r.title", _WORDS),
        *linked(_TABLE, "goals", _GOALS, "framework_item_id", "goal_id"),
        *writable([_TABLE]),
        *readable([_GOALS]),
        REMAKE_PAST,
    ]:
        op.execute(statement)


def downgrade() -> None:
    op.execute(FORGET_PAST)
    op.drop_table(_GOALS)
    op.drop_table(_TABLE)
    op.execute(REMAKE_PAST)
