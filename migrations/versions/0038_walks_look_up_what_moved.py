"""walks look up what moved

Revision: 0038, after 0037

What changed since a place in the feed is asked of functions with the rights of the journal's owner. They tell which
changes, not what is in them; that is read with the rights of the caller. So whether something moved is planned as
quickly as it is looked up, and a page that has to look is planned once; before, it was planned anew every time.
"""

from alembic import op

from migrations.moves import changed_since

revision = "0038"
down_revision = "0037"


def upgrade() -> None:
    for statement in changed_since():
        op.execute(statement)


def downgrade() -> None:
    op.execute("drop function has_changed, changed_before")
