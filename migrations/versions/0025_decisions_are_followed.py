"""decisions are followed

Revision: 0025, after 0024
"""

import sqlalchemy as sa
from alembic import op

from migrations.past import FORGET_PAST, REMAKE_PAST
from migrations.triggers import kept, own_keys, recorded, searched, writable

revision = "0025"
down_revision = "0024"

_TABLE = "decisions"
_REFERENCES = {
    "consultation_id": "consultations",
    "amendment_id": "amendments",
    "activity_id": "activities",
    "responsible_id": "organisations",
    "closed_at_id": "consultations",
}


def upgrade() -> None:
    op.create_table(
        _TABLE,
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("code", sa.Text(), nullable=True),
        sa.Column("consultation_id", sa.Uuid(), nullable=False),
        sa.Column("agenda_item", sa.Text(), nullable=True),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("amendment_id", sa.Uuid(), nullable=True),
        sa.Column("activity_id", sa.Uuid(), nullable=True),
        sa.Column("responsible_id", sa.Uuid(), nullable=True),
        sa.Column("countries", sa.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("closed_at_id", sa.Uuid(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("keys", sa.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "kind in ('amendment', 'activity', 'follow_up', 'other')", name=op.f(f"ck_{_TABLE}_kind")
        ),
        sa.CheckConstraint("(closed_at_id is null) = (outcome is null)", name=op.f(f"ck_{_TABLE}_outcome")),
        *(
            sa.ForeignKeyConstraint([column], [f"{table}.id"], name=op.f(f"fk_{_TABLE}_{column}"))
            for column, table in _REFERENCES.items()
        ),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{_TABLE}")),
        sa.UniqueConstraint("code", name=op.f(f"uq_{_TABLE}_code")),
    )
    for column in _REFERENCES:
        op.create_index(op.f(f"ix_{_TABLE}_{column}"), _TABLE, [column])
    for name, end in (("due_on", "infinity"), ("due_on_desc", "-infinity")):
        missing = f"case when due_on is null then '{end}'::date else due_on end"
        op.execute(f"create index ix_{_TABLE}_{name} on {_TABLE} (({missing}), id)")
    for statement in [
        *kept(_TABLE, "code"),
        *recorded(_TABLE),
        *own_keys(_TABLE),
        *searched(
            _TABLE, "left(r.title, 200)", "concat_ws(' ', r.code, r.agenda_item, r.title, r.text, r.outcome)"
        ),
        *writable([_TABLE]),
        REMAKE_PAST,
    ]:
        op.execute(statement)


def downgrade() -> None:
    op.execute(FORGET_PAST)
    op.drop_table(_TABLE)
    op.execute(REMAKE_PAST)
