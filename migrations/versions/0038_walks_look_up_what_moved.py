"""walks look up what moved

Revision: 0038, after 0037

What changed since a place in the feed is asked of functions with the rights of the journal's owner. They tell which
changes, not what is in them; that is read with the rights of the caller. So whether something moved is planned as
quickly as it is looked up, and a page that has to look is planned once; before, it was planned anew every time.
"""

from alembic import op

revision = "0038"
down_revision = "0037"

# Fenced: from the few new commits to their records, and among the changes of a record, never through whole commits.
_CHANGED = """from commits c cross join lateral (
    select n.record_id from changes n where n.commit_number = c.number and n.kind = {0}.wanted offset 0) n
  where c.position > {0}.place"""
# Whatever the tables held when it was planned: a plan is kept for as long as the connection.
_BY_INDEXES = """language sql stable parallel safe security definer
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off"""
_HAS_CHANGED = f"""create function has_changed(wanted text, place bigint) returns boolean
{_BY_INDEXES} begin atomic
  select exists (select {_CHANGED.format("has_changed")});
end"""
# The newest change up to the place of each record that was changed after it.
_CHANGED_BEFORE = f"""create function changed_before(wanted text, place bigint)
returns table (record_id uuid, commit_number bigint, ordinal integer)
{_BY_INDEXES} begin atomic
  select since.record_id, before.commit_number, before.ordinal
    from (select distinct n.record_id {_CHANGED.format("changed_before")}) since cross join lateral (
      select n.commit_number, n.ordinal
        from (select * from changes h where h.record_id = since.record_id offset 0) n
        join commits c on c.number = n.commit_number
        where c.position <= changed_before.place order by c.position desc, n.ordinal desc limit 1) before;
end"""


def upgrade() -> None:
    op.execute(_HAS_CHANGED)
    op.execute(_CHANGED_BEFORE)


def downgrade() -> None:
    op.execute("drop function has_changed, changed_before")
