"""keys speak for countries

Revision: 0006, after 0005
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.access import BEGIN_WRITE, KEY_KNOWN, KEY_OF, KEY_OPENS, KEY_USED
from migrations.functions import AFTER_TABLES
from migrations.triggers import writable

revision = "0006"
down_revision = "0005"

_ROLES = (
    "'administrator', 'approver', 'asean_authority', 'auditor', 'editor', 'japan_authority', 'partner', 'reader', "
    "'secretariat'"
)

# A handful of keys: what needs a scan or a lock is done before anybody notices.
_FEW = """-- squawk-ignore-file constraint-missing-not-valid, adding-foreign-key-constraint, ban-drop-constraint
-- squawk-ignore-file require-concurrent-index-creation, ban-drop-column, ban-drop-function
lock table api_keys in access exclusive mode"""


def upgrade() -> None:
    op.execute(_FEW)
    op.add_column("api_keys", sa.Column("country", sa.Text(), nullable=True))
    op.add_column("api_keys", sa.Column("body_id", sa.Uuid(), nullable=True))
    op.add_column(
        "api_keys",
        sa.Column("scopes", sa.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
    )
    op.add_column(
        "api_keys",
        sa.Column(
            "networks", postgresql.ARRAY(postgresql.CIDR()), server_default=sa.text("'{}'"), nullable=False
        ),
    )
    op.add_column("api_keys", sa.Column("rotated_at", sa.DateTime(timezone=True), nullable=True))
    op.create_foreign_key(
        op.f("fk_api_keys_body_id"), "api_keys", "organisations", ["body_id"], ["id"], ondelete="set null"
    )
    op.create_index(op.f("ix_api_keys_body_id"), "api_keys", ["body_id"])
    op.drop_constraint(op.f("ck_api_keys_role"), "api_keys", type_="check")
    op.create_check_constraint(op.f("ck_api_keys_role"), "api_keys", f"role in ({_ROLES})")
    op.create_check_constraint(op.f("ck_api_keys_country"), "api_keys", "country ~ '^[A-Z]{2}$'")
    op.create_check_constraint(
        op.f("ck_api_keys_country_of_role"),
        "api_keys",
        "(role in ('approver', 'editor')) = (country is not null)",
    )
    op.create_table(
        "api_key_secrets",
        sa.Column("digest", postgresql.BYTEA(), nullable=False),
        sa.Column("key_id", sa.Uuid(), nullable=False),
        sa.Column("begins", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_used_on", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(
            ["key_id"], ["api_keys.id"], name=op.f("fk_api_key_secrets_key_id"), ondelete="cascade"
        ),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_api_key_secrets")),
    )
    op.create_index(op.f("ix_api_key_secrets_key_id"), "api_key_secrets", ["key_id"])
    op.execute(
        "insert into api_key_secrets (digest, key_id, begins, created_at) "
        "select digest, id, prefix, created_at from api_keys"
    )
    op.drop_column("api_keys", "digest")
    op.drop_column("api_keys", "prefix")
    op.execute("drop function begin_write(uuid, text, text, text, bytea)")
    for statement in [KEY_OF, KEY_KNOWN, KEY_USED, KEY_OPENS, BEGIN_WRITE, *writable(["api_key_secrets"])]:
        op.execute(statement)


def downgrade() -> None:
    for function in (
        "begin_write(jsonb, text, bytea)",
        "key_opens(uuid)",
        "key_used(bytea)",
        "key_of(bytea)",
        "key_known(uuid)",
    ):
        op.execute(f"drop function {function}")
    (made,) = (each for each in AFTER_TABLES if "create function begin_write" in each)
    op.execute(made)
    op.add_column("api_keys", sa.Column("prefix", sa.Text(), nullable=True))
    op.add_column("api_keys", sa.Column("digest", postgresql.BYTEA(), nullable=True))
    op.execute("""update api_keys k set (digest, prefix) = (select digest, begins from api_key_secrets s
        where s.key_id = k.id order by s.created_at desc limit 1)""")
    op.execute("delete from api_keys where digest is null")
    op.alter_column("api_keys", "prefix", nullable=False)
    op.alter_column("api_keys", "digest", nullable=False)
    op.create_unique_constraint(op.f("uq_api_keys_digest"), "api_keys", ["digest"])
    op.drop_table("api_key_secrets")
    for name in ("country_of_role", "country", "role"):
        op.drop_constraint(op.f(f"ck_api_keys_{name}"), "api_keys", type_="check")
    op.execute("update api_keys set role = 'reader' where role not in ('administrator', 'secretariat')")
    op.create_check_constraint(
        op.f("ck_api_keys_role"), "api_keys", "role in ('administrator', 'secretariat', 'reader')"
    )
    for column in ("rotated_at", "networks", "scopes", "body_id", "country"):
        op.drop_column("api_keys", column)
