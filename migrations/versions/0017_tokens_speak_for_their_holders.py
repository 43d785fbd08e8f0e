"""tokens speak for their holders

Who comes with a bearer token of an issuer has no key here. Jobs, webhooks and the journal know them by an id of ours.

Revision: 0017, after 0016
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.access import (
    HOLDER,
    HOLDER_KNOWN,
    HOLDER_OPENS,
    KEY_KNOWN,
    KEY_OPENS,
    NOTE_HOLDER,
)
from migrations.triggers import readable

revision = "0017"
down_revision = "0016"

_TABLE = "token_holders"


def upgrade() -> None:
    op.create_table(
        _TABLE,
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("subject", postgresql.BYTEA(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("client", sa.Text(), nullable=True),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("country", sa.Text(), nullable=True),
        sa.Column("body_id", sa.Uuid(), nullable=True),
        sa.Column("scopes", sa.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("seen_on", sa.Date(), server_default=sa.text("current_date"), nullable=False),
        sa.ForeignKeyConstraint(
            ["body_id"], ["organisations.id"], name=op.f("fk_token_holders_body_id"), ondelete="set null"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_token_holders")),
        sa.UniqueConstraint("subject", name=op.f("uq_token_holders_subject")),
    )
    op.execute(
        "-- squawk-ignore require-concurrent-index-creation\n"
        "create index ix_token_holders_body_id on token_holders (body_id)"
    )
    for statement in [HOLDER, NOTE_HOLDER, HOLDER_KNOWN, HOLDER_OPENS]:
        op.execute(statement)
    op.execute("""create or replace view key_names as
select id, name from api_keys union all select id, name from token_holders""")
    for statement in readable([_TABLE]):
        op.execute(statement)


def downgrade() -> None:
    op.execute("create or replace view key_names as select id, name from api_keys")
    for made in (KEY_KNOWN, KEY_OPENS):
        op.execute(made.replace("create function", "create or replace function"))
    op.execute("drop function note_token_holder(bytea, text, text, text, text, text[])")
    op.execute("drop function token_holder(bytea)")
    op.drop_table(_TABLE)
