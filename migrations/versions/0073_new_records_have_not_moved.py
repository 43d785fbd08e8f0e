"""new records have not moved

Revision: 0073, after 0072

Behind a cursor, records that were made since the walk began are passed over when it is looked up which have moved: they
had no place then. Beside a load of new records a page had to look all of them up.
"""

from alembic import op

from migrations.moves import changed_since

revision = "0073"
down_revision = "0072"


def upgrade() -> None:
    for statement in changed_since(" and n.action <> 'create'"):
        op.execute(statement)


def downgrade() -> None:
    for statement in changed_since():
        op.execute(statement)
