"""the plan is amended

Revision: 0020, after 0019
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.amending import FUNCTIONS, GONE
from migrations.guards import FORGET_GUARDS, hidden
from migrations.past import FORGET_PAST, REMAKE_PAST
from migrations.triggers import kept, own_keys, recorded, searched, writable

revision = "0020"
down_revision = "0019"

_TABLE = "amendments"
_RETIRED = ("goals", "activities")
_OF_BOTH = " and ".join(
    f"concurrences @> jsonb_build_array(jsonb_build_object('side', '{side}', 'text_hash', text_hash))"
    for side in ("asean", "japan")
)
_CHECKS = {
    "number": "number > 0",
    "proposed_by": "proposed_by in ('asean', 'japan')",
    "state": "state in ('draft', 'tabled', 'concurred', 'in_force', 'withdrawn', 'lapsed')",
    "visibility": "visibility in ('public', 'partners', 'own')",
    "took_effect_on": "(state = 'in_force') = (took_effect_on is not null)",
    "closed_reason": "(state in ('withdrawn', 'lapsed')) = (closed_reason is not null)",
    "of_both_sides": f"state not in ('concurred', 'in_force') or {_OF_BOTH}",
}


def upgrade() -> None:
    for table in _RETIRED:
        op.add_column(table, sa.Column("retired_on", sa.Date(), nullable=True))
    op.create_table(
        _TABLE,
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("number", sa.SmallInteger(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("rationale", sa.Text(), nullable=True),
        sa.Column("proposed_by", sa.Text(), nullable=True),
        sa.Column("consultation_id", sa.Uuid(), nullable=True),
        sa.Column("effective_on", sa.Date(), nullable=True),
        sa.Column("changes", postgresql.JSONB(), nullable=False),
        sa.Column("state", sa.Text(), server_default=sa.text("'draft'"), nullable=False),
        sa.Column("state_since", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("text_hash", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("concurrences", postgresql.JSONB(), server_default=sa.text("'[]'"), nullable=False),
        sa.Column("took_effect_on", sa.Date(), nullable=True),
        sa.Column("closed_reason", sa.Text(), nullable=True),
        sa.Column("visibility", sa.Text(), server_default=sa.text("'own'"), nullable=False),
        sa.Column("keys", sa.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        *(sa.CheckConstraint(check, name=op.f(f"ck_{_TABLE}_{name}")) for name, check in _CHECKS.items()),
        sa.ForeignKeyConstraint(
            ["consultation_id"], ["consultations.id"], name=op.f(f"fk_{_TABLE}_consultation_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{_TABLE}")),
        sa.UniqueConstraint("number", name=op.f(f"uq_{_TABLE}_number")),
    )
    op.create_index(op.f(f"ix_{_TABLE}_consultation_id"), _TABLE, ["consultation_id"])
    for statement in [
        *FUNCTIONS,
        *kept(_TABLE, "number"),
        *recorded(_TABLE),
        *own_keys(_TABLE),
        *searched(
            _TABLE, "left(r.title, 200)", "concat_ws(' ', 'Amendment', r.number, r.title, r.rationale)"
        ),
        *hidden(_TABLE, "proposed_by"),
        f"""create trigger keep_amendment before insert or update or delete on {_TABLE}
        for each row execute function keep_amendment()""",
        *writable([_TABLE]),
        REMAKE_PAST,
    ]:
        op.execute(statement)


def downgrade() -> None:
    op.execute(FORGET_GUARDS)
    op.execute(FORGET_PAST)
    for function in GONE[:3]:
        op.execute(f"drop function {function}")
    op.drop_table(_TABLE)
    for function in GONE[3:]:
        op.execute(f"drop function {function}")
    for table in _RETIRED:
        op.drop_column(table, "retired_on")
    op.execute(REMAKE_PAST)
