"""new records have not moved

Revision: 0073, after 0072

Behind a cursor, records that were made since the walk began are passed over when it is looked up which have moved: they
had no place then. Beside a load of new records a page had to look all of them up.
"""

from alembic import op

revision = "0073"
down_revision = "0072"

_CHANGED = """from commits c cross join lateral (
    select n.record_id from changes n where n.commit_number = c.number and n.kind = {0}.wanted{1} offset 0) n
  where c.position > {0}.place"""
_NOT_NEW = " and n.action <> 'create'"
_BY_INDEXES = """language sql stable parallel safe security definer
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off"""
_HAS_CHANGED = f"""create or replace function has_changed(wanted text, place bigint) returns boolean
{_BY_INDEXES} begin atomic
  select exists (select «changed»);
end"""
_CHANGED_BEFORE = f"""create or replace function changed_before(wanted text, place bigint)
returns table (record_id uuid, commit_number bigint, ordinal integer)
{_BY_INDEXES} begin atomic
  select since.record_id, before.commit_number, before.ordinal
    from (select distinct n.record_id «changed») since cross join lateral (
      select n.commit_number, n.ordinal
        from (select * from changes h where h.record_id = since.record_id offset 0) n
        join commits c on c.number = n.commit_number
        where c.position <= changed_before.place order by c.position desc, n.ordinal desc limit 1) before;
end"""


def upgrade() -> None:
    _look_up(_NOT_NEW)


def downgrade() -> None:
    _look_up("")


def _look_up(what: str) -> None:
    op.execute(_HAS_CHANGED.replace("«changed»", _CHANGED.format("has_changed", what)))
    op.execute(_CHANGED_BEFORE.replace("«changed»", _CHANGED.format("changed_before", what)))
