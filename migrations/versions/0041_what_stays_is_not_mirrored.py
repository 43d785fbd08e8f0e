"""what stays is not mirrored

Revision: 0041, after 0040

Most writes change no list of references and are of a public record. Triggers find that out by a statement whose plan is
kept, and have nothing to do then; before, each planned one or two statements that did nothing.
"""

from alembic import op

from migrations.functions import MIRROR_LINKS, SPARE_LINKS
from migrations.guards import NOTE_HIDDEN, NOTE_SELDOM

revision = "0041"
down_revision = "0040"


def upgrade() -> None:
    op.execute(NOTE_SELDOM)
    op.execute(SPARE_LINKS)


def downgrade() -> None:
    for former in (NOTE_HIDDEN, MIRROR_LINKS):
        op.execute(former.replace("create function", "create or replace function", 1))
