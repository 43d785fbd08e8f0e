"""erasure reaches files that wait

Revision: 0034, after 0033
"""

from alembic import op

from migrations.persons import (
    ERASE,
    ERASE_EVERYWHERE,
    FILES_THAT_SAY,
    HELD_BESIDE,
    HELD_EVERYWHERE,
    UNLOADED_FILES,
    WRITTEN,
)

revision = "0034"
down_revision = "0033"


def upgrade() -> None:
    for statement in (WRITTEN, FILES_THAT_SAY, UNLOADED_FILES, HELD_EVERYWHERE, ERASE_EVERYWHERE):
        op.execute(statement)


def downgrade() -> None:
    for statement in (ERASE, HELD_BESIDE):
        op.execute(statement.replace("create function", "create or replace function", 1))
    for signature in ("unloaded_files(uuid)", "files_that_say(text[], text)", "written(text[])"):
        op.execute(f"drop function {signature}")
