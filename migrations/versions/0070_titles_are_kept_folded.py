"""titles are kept folded

Revision: 0070, after 0069

Each search folded the titles of all its hits, to see which of them have its words. The table of search texts is written
anew, which takes a second for some thousand records: in that nothing is searched or written.
"""

import sqlalchemy as sa
from alembic import op

from migrations.guards import VIEWS
from migrations.past import FORGET_PAST, FORGET_PAST_OF_MANY, OF_MANY, OF_SPACED, REMAKE_PAST

revision = "0070"
down_revision = "0069"

_WRITTEN_ANEW = """-- squawk-ignore-file adding-field-with-default
select"""
_FINDABLE = next(each for each in VIEWS if each.startswith("create view findable"))
# `fold` takes five times as long, and makes nothing else of plain letters.
_SPACED = """' ' || case when octet_length(title) = char_length(title) then lower(title) else fold(title) end || ' '"""


def upgrade() -> None:
    op.execute(_WRITTEN_ANEW)
    op.add_column(
        "search_texts",
        sa.Column("spaced_title", sa.Text(), sa.Computed(_SPACED, persisted=True), nullable=False),
    )
    op.execute(
        _FINDABLE.replace("create view", "create or replace view", 1).replace(
            "s.words", "s.words, s.spaced_title"
        )
    )
    op.execute(OF_SPACED)
    op.execute(REMAKE_PAST)


def downgrade() -> None:
    op.execute(FORGET_PAST)
    op.execute(FORGET_PAST_OF_MANY)
    op.execute("drop view findable")
    op.execute(_FINDABLE)
    op.execute("grant select on findable to workplan_app")
    op.execute("comment on view withheld is null")  # the guards are to be made anew
    op.drop_column("search_texts", "spaced_title")
    op.execute(OF_MANY)
    op.execute(REMAKE_PAST)
