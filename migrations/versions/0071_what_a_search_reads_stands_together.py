"""what a search reads stands together

Revision: 0071, after 0070

A search reads titles and words of all its hits, and never the texts, which stood between these. The table is made anew
with the texts last. That takes a second for ten thousand records; meanwhile nothing is searched or written.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0071"
down_revision = "0070"

_MADE_ANEW = """-- squawk-ignore-file
select"""
_SPACED = """' ' || case when octet_length(title) = char_length(title) then lower(title) else fold(title) end || ' '"""
_LAST = ("record_id", "kind", "visibility", "owner", "title", "spaced_title", "words", "folded")
_BEFORE = ("record_id", "kind", "title", "folded", "words", "visibility", "owner", "spaced_title")


def _columns() -> Iterator[sa.Column[Any]]:
    yield sa.Column("record_id", sa.Uuid(), nullable=False)
    yield sa.Column("kind", sa.Text(), nullable=False)
    yield sa.Column("visibility", sa.Text(), server_default="public", nullable=False)
    yield sa.Column("owner", sa.Text(), nullable=True)
    yield sa.Column("title", sa.Text(), nullable=False)
    yield sa.Column("spaced_title", sa.Text(), sa.Computed(_SPACED, persisted=True), nullable=False)
    yield sa.Column("words", postgresql.TSVECTOR(), nullable=False)
    yield sa.Column("folded", sa.Text(), nullable=False)


# A view goes on looking at the table that it was made for, until it is told again what it shows.
_SHOWN = """do $$ begin
  execute 'create or replace view findable as ' || replace(pg_get_viewdef('findable'::regclass), 'former.', '');
end $$"""
# An empty table that was counted is taken to stay empty.
_COUNTED = """do $$ begin
  if exists (select from search_texts) then analyze search_texts; end if;
end $$"""


def upgrade() -> None:
    _in_order(_LAST)


def downgrade() -> None:
    _in_order(_BEFORE)


def _in_order(names: Sequence[str]) -> None:
    op.execute(_MADE_ANEW)
    op.execute("create schema former")
    op.execute("alter table search_texts set schema former")
    op.create_table(
        "search_texts",
        *sorted(_columns(), key=lambda each: names.index(each.name)),
        sa.PrimaryKeyConstraint("record_id", name=op.f("pk_search_texts")),
    )
    copied = ", ".join(name for name in names if name != "spaced_title")
    op.execute(f"insert into search_texts ({copied}) select {copied} from former.search_texts")
    op.create_index("ix_search_texts_words", "search_texts", ["words"], postgresql_using="gin")
    op.create_index(
        "ix_search_texts_folded",
        "search_texts",
        ["folded"],
        postgresql_using="gin",
        postgresql_ops={"folded": "gin_trgm_ops"},
    )
    op.create_index("ix_search_texts_kind", "search_texts", ["kind", "record_id"])
    op.execute(_SHOWN)
    op.drop_table("search_texts", schema="former")
    op.execute("drop schema former")
    op.execute(_COUNTED)
