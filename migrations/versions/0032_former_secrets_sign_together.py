"""former secrets sign together

Revision: 0032, after 0031
"""

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"

_IGNORED = """-- squawk-ignore-file ban-drop-column
select"""


def upgrade() -> None:
    op.add_column(
        "webhooks", sa.Column("former_secrets", sa.Integer(), server_default=sa.text("1"), nullable=False)
    )


def downgrade() -> None:
    op.execute(_IGNORED)
    op.drop_column("webhooks", "former_secrets")
