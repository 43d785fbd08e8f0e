"""Which records changed since a place in the feed: database functions of migration 0038, for walks through a list.

With the rights of the journal's owner: they tell which changes, not what is in them.
"""

# Fenced: from the few new commits to their records, and among the changes of a record, never through whole commits.
_CHANGED = """from commits c cross join lateral (
    select n.record_id from changes n where n.commit_number = c.number and n.kind = {0}.wanted{1} offset 0) n
  where c.position > {0}.place"""
# Whatever the tables held when it was planned: a plan is kept for as long as the connection.
_BY_INDEXES = """language sql stable parallel safe security definer
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off"""


def changed_since(which: str = "") -> list[str]:
    """Whether any changed, and the newest change up to the place of each that did; of some changes only."""
    return [
        f"""create or replace function has_changed(wanted text, place bigint) returns boolean
{_BY_INDEXES} begin atomic
  select exists (select {_CHANGED.format("has_changed", which)});
end""",
        f"""create or replace function changed_before(wanted text, place bigint)
returns table (record_id uuid, commit_number bigint, ordinal integer)
{_BY_INDEXES} begin atomic
  select since.record_id, before.commit_number, before.ordinal
    from (select distinct n.record_id {_CHANGED.format("changed_before", which)}) since cross join lateral (
      select n.commit_number, n.ordinal
        from (select * from changes h where h.record_id = since.record_id offset 0) n
        join commits c on c.number = n.commit_number
        where c.position <= changed_before.place order by c.position desc, n.ordinal desc limit 1) before;
end""",
    ]
