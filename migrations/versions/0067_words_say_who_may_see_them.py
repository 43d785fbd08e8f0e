"""words say who may see them

Revision: 0067, after 0066

Each hit of a search was looked for among all records that are hidden from the caller, and these were told apart anew by
each search. Which words are shown to whom is a view that is made from the code (`app/guards.py`), as are the policies.
"""

import sqlalchemy as sa
from alembic import op

from migrations.grouping import WRITE_FEW, WRITE_SHOWN
from migrations.guards import VIEWS

revision = "0067"
down_revision = "0066"

_FINDABLE = next(each for each in VIEWS if each.startswith("create view findable"))


def upgrade() -> None:
    op.add_column("search_texts", sa.Column("visibility", sa.Text(), server_default="public", nullable=False))
    op.add_column("search_texts", sa.Column("owner", sa.Text(), nullable=True))
    op.execute(WRITE_SHOWN)
    op.execute("select write_mirrors()")
    op.execute(
        """update search_texts s set visibility = h.visibility, owner = h.owner from hidden_records h
where h.record_id = s.record_id and h.visibility <> 'public'"""
    )


def downgrade() -> None:
    op.execute(_FINDABLE.replace("create view", "create or replace view", 1))
    op.execute("comment on view withheld is null")  # the guards are to be made anew
    op.execute(WRITE_FEW)
    op.execute("select write_mirrors()")
    op.drop_column("search_texts", "owner")
    op.drop_column("search_texts", "visibility")
