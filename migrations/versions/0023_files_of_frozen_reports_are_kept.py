"""files of frozen reports are kept

Revision: 0023, after 0022
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.past import REMAKE_PAST
from migrations.triggers import APP_ROLE

revision = "0023"
down_revision = "0022"


def upgrade() -> None:
    op.create_table(
        "frozen_files",
        sa.Column("consultation_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("content", postgresql.BYTEA(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["consultation_id"],
            ["frozen_reports.consultation_id"],
            name=op.f("fk_frozen_files_consultation_id"),
            ondelete="restrict",
        ),
        sa.PrimaryKeyConstraint("consultation_id", "name", name=op.f("pk_frozen_files")),
    )
    op.execute(
        "alter table frozen_files alter column content set storage external"
    )  # most are compressed as they are
    op.execute(
        """create trigger keep_frozen_file before update or delete or truncate on frozen_files
for each statement execute function refuse_frozen()"""
    )
    op.execute(f"grant select, insert on frozen_files to {APP_ROLE}")
    op.execute(REMAKE_PAST)


def downgrade() -> None:
    op.drop_table("frozen_files")
    op.execute(REMAKE_PAST)
