"""commits wake those who wait

Revision: 0003, after 0002
"""

from alembic import op

revision = "0003"
down_revision = "0002"

# Sent when the commit is done, in commit order; who was not listening then looks at the journal.
_ANNOUNCE = """create function announce() returns trigger language plpgsql as $$
begin
  perform pg_notify('journal', new.position::text);
  return null;
end $$"""


def upgrade() -> None:
    op.execute(_ANNOUNCE)
    op.execute(
        """create trigger announce after update of position on journal_head
        for each row execute function announce()"""
    )


def downgrade() -> None:
    op.execute("drop trigger announce on journal_head")
    op.execute("drop function announce()")
