"""changes are told to webhooks

Revision: 0009, after 0008
"""

import sqlalchemy as sa
from alembic import op

from migrations.past import FORGET_PAST, OF_RECORDS, REMAKE, REMAKE_PAST
from migrations.triggers import kept, recorded, writable

revision = "0009"
down_revision = "0008"

_TABLES = ["webhooks", "webhook_lanes", "webhook_deliveries"]
_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "webhooks",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("owner_body_id", sa.Uuid(), nullable=True),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("kinds", sa.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("actions", sa.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("country", sa.Text(), nullable=True),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), server_default=sa.text("'active'"), nullable=False),
        sa.Column("disabled_reason", sa.Text(), nullable=True),
        sa.Column("from_position", sa.BigInteger(), nullable=False),
        sa.Column("secret_number", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("former_secret_until", _MOMENT, nullable=True),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("created_at", _MOMENT, server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", _MOMENT, server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("state in ('active', 'paused', 'disabled')", name=op.f("ck_webhooks_state")),
        sa.CheckConstraint(
            "(state = 'disabled') = (disabled_reason is not null)", name=op.f("ck_webhooks_disabled_reason")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhooks")),
    )
    op.create_index(op.f("ix_webhooks_owner_id"), "webhooks", ["owner_id"])
    op.create_table(
        "webhook_lanes",
        sa.Column("webhook_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("due_at", _MOMENT, server_default=sa.text("now()"), nullable=False),
        sa.Column("failing_since", _MOMENT, nullable=True),
        sa.ForeignKeyConstraint(
            ["webhook_id"], ["webhooks.id"], name=op.f("fk_webhook_lanes_webhook_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("webhook_id", name=op.f("pk_webhook_lanes")),
    )
    op.create_table(
        "webhook_deliveries",
        sa.Column("webhook_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("record_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
        sa.Column("state", sa.Text(), server_default=sa.text("'pending'"), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("due_at", _MOMENT, server_default=sa.text("now()"), nullable=False),
        sa.Column("leased_until", _MOMENT, nullable=True),
        sa.Column("attempted_at", _MOMENT, nullable=True),
        sa.Column("finished_at", _MOMENT, nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("duration_ms", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "state in ('pending', 'delivered', 'given_up', 'dropped')",
            name=op.f("ck_webhook_deliveries_state"),
        ),
        sa.ForeignKeyConstraint(
            ["webhook_id"], ["webhooks.id"], name=op.f("fk_webhook_deliveries_webhook_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("webhook_id", "position", name=op.f("pk_webhook_deliveries")),
    )
    pending = sa.text("state = 'pending'")
    for name, columns in (("due", ["due_at", "position"]), ("record", ["record_id", "position"])):
        op.create_index(
            f"ix_webhook_deliveries_{name}",
            "webhook_deliveries",
            ["webhook_id", *columns],
            postgresql_where=pending,
        )
    op.create_index(
        "ix_webhook_deliveries_finished", "webhook_deliveries", ["finished_at"],
        postgresql_where=sa.text("finished_at is not null"),
    )  # fmt: skip
    for statement in [*kept("webhooks"), *recorded("webhooks"), *writable(_TABLES), OF_RECORDS, REMAKE_PAST]:
        op.execute(statement)


def downgrade() -> None:
    op.execute(FORGET_PAST)
    for table in reversed(_TABLES):
        op.drop_table(table)
    op.execute(REMAKE.replace("create function", "create or replace function", 1))
    op.execute(REMAKE_PAST)
