"""new words are gathered

Revision: 0043, after 0042

New texts wait in a list beside their index until it holds 4 MB, and every search reads that list: behind some thousand
writes a search took twice as long. The service has the list taken into the index every few seconds.
"""

from alembic import op

revision = "0043"
down_revision = "0042"


def upgrade() -> None:
    op.execute("""create function gather_new_words() returns bigint language sql security definer
set search_path = public, pg_temp as $$
  select gin_clean_pending_list('ix_search_texts_words') + gin_clean_pending_list('ix_search_texts_folded')
$$""")


def downgrade() -> None:
    op.execute("drop function gather_new_words()")
