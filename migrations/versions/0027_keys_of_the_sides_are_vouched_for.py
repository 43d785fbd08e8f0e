"""keys of the sides are vouched for

Revision: 0027, after 0026
"""

from alembic import op

from migrations.amending import KEY_GUARDS

revision = "0027"
down_revision = "0026"


def upgrade() -> None:
    for statement in KEY_GUARDS:
        op.execute(statement)


def downgrade() -> None:
    for table in ("api_keys", "api_key_secrets"):
        op.execute(f"drop trigger guard_grave_keys on {table}")
    for function in ("guard_grave_keys()", "is_grave_key(uuid)", "vouched()"):
        op.execute(f"drop function {function}")
