"""an erasure is told and whole

Revision: 0058, after 0057

That somebody who had been deleted was erased stood nowhere, and tags of the past that had them still held. And what was
sent with accents apart from their letters was not found.
"""

from alembic import op

from migrations.persons import ERASE_TOLD, ERASE_WITHIN, WRITTEN, WRITTEN_BOTH_WAYS

revision = "0058"
down_revision = "0057"


def upgrade() -> None:
    for statement in (ERASE_TOLD, WRITTEN_BOTH_WAYS):
        op.execute(statement)


def downgrade() -> None:
    for statement in (ERASE_WITHIN, WRITTEN.replace("create", "create or replace", 1)):
        op.execute(statement)
