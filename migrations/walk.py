"""How the chain of the journal is walked: database functions of migration 0011, with the rights of their owner.

Whoever may ask learns whether the chain holds, and nothing of what is in it: rows that a caller may not see are proved,
too.
"""

from migrations.chain import GUARDS, KEEP_SYSTEMS, instead

# One row for each of the next commits after a place ($1 position, $2 hash, $3 time; at most $4): what it says of
# itself, and whether that follows from what there is.
WALK_CHAIN = """create function walk_chain(since bigint, hash_before bytea, time_before timestamptz, most int)
returns table (ends bigint, sealed bytea, moment timestamptz, problem text, place bigint)
language sql stable security definer set search_path = public, pg_temp as $$
with span as materialized (
  select * from commits where position > $1 order by position limit $4),
linked as (
  select s.*, lag(position, 1, $1) over w as ended, lag(hash, 1, $2) over w as before,
    lag(s.at, 1, $3) over w as earlier
  from span s window w as (order by position)),
looked_at as (
  select l.position, l.hash, l.at, l.position - l.changes as begins, l.ended,
    l.at < l.earlier as back_in_time,
    l.salt is not null
      and l.digest is distinct from sha256(l.salt || convert_to(coalesce(l.reason, ''), 'UTF8')) as reason,
    commit_hash(l.before, (select c from commits c where c.number = l.number), content_digest(l.number)) as expected,
    (select count(*) = l.changes and min(h.ordinal) = 1 and max(h.ordinal) = l.changes
      from changes h where h.commit_number = l.number) as whole,
    (select min(h.ordinal) from changes h where h.commit_number = l.number and h.salt is not null
      and h.digest <> sha256(h.salt || convert_to(h.record::text, 'UTF8'))) as altered
  from linked l)
select position, hash, at, case
    when begins > ended then 'changes were removed before this place'
    when begins < ended then 'changes were inserted, or the order was changed'
    when not coalesce(whole, false) then 'changes of this commit were removed or inserted'
    when altered is not null then 'a record is not what was sealed'
    when reason then 'the reason is not what was sealed'
    when expected is distinct from hash then 'the commit or its changes are not what was sealed'
    when back_in_time then 'it lies before the commit that it follows'
  end,
  case when begins <> ended then least(begins, ended) + 1 when altered is not null then begins + altered
    else begins + 1 end
from looked_at order by position
$$"""

BESIDE_CHAIN = """create function beside_chain() returns boolean
language sql stable security definer set search_path = public, pg_temp as $$
select exists (select from commits where position is null)
  or exists (select from changes h where not exists (select from commits c where c.number = h.commit_number))
$$"""

# Since migration 0054: what has no salt was erased, and says nothing. Before, anything could be put in its place.
WALK_ERASED = instead(
    instead(
        WALK_CHAIN.replace("create function", "create or replace function", 1),
        """    l.salt is not null
      and l.digest is distinct from sha256(l.salt || convert_to(coalesce(l.reason, ''), 'UTF8')) as reason,
""",
        """    case when l.salt is null then l.reason is not null
      else l.digest is distinct from sha256(l.salt || convert_to(coalesce(l.reason, ''), 'UTF8')) end as reason,
""",
    ),
    """ and h.salt is not null
      and h.digest <> sha256(h.salt || convert_to(h.record::text, 'UTF8'))) as altered
""",
    """
      and case when h.salt is null then h.record::text <> '{}'
        else h.digest <> sha256(h.salt || convert_to(h.record::text, 'UTF8')) end) as altered
""",
)
KEEP_ERASED = [
    instead(KEEP_SYSTEMS, "(new.salt is not null or", "(new.salt is not null or new.record::text <> '{}' or"),
    instead(
        GUARDS[1].replace("create trigger", "create or replace trigger", 1),
        "(new.salt is not null or",
        "(new.salt is not null or new.reason is not null or",
    ),
]
