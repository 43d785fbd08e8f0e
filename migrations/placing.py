"""How changes are recorded and a commit is placed since migration 0045: its entry is written once, as it is placed.

The first change of a commit queues what places it, which runs when the transaction commits, behind all its statements.
No other deferred trigger may write or lock. Until then nobody else sees changes of its number: who finds the first of
them, and no entry, has written it in this very transaction.
"""

from migrations.chain import BY_INDEX, COMMIT_HASH, COUNTED, DIGEST_SYSTEMS, instead

_BEGUN = """  if mine is null then
    mine := nextval('commits_number_seq');
    before := 0;
    said := set_config('register.commit', mine::text, true);
  elsif exists (select from changes where commit_number = mine and ordinal = 1)
      and not exists (select from commits where number = mine) then
    before := nullif(current_setting('register.changes', true), '');
    if before is null then
      select count(*) into before from changes where commit_number = mine;
    end if;
  else
    raise exception 'The journal is only added to.' using errcode = 'insufficient_privilege';
  end if;
"""
_HEAD, _, _REST = COUNTED.partition("  mine := this_commit();\n")
# What is set by an assignment is set without a statement of its own.
RECORDED = instead(
    _HEAD,
    "  mine bigint;\n",
    "  mine bigint := nullif(current_setting('register.commit', true), '');\n  said text;\n",
) + instead(
    _BEGUN + _REST[_REST.index("  if tg_op") :],
    "perform set_config('register.changes'",
    "said := set_config('register.changes'",
)

_CONTENT = DIGEST_SYSTEMS.partition("(select ")[2].removesuffix(")")
_HASH = COMMIT_HASH.partition("return ")[2]
for _was, _now in {"before": "h.hash", "c.position": "e.position", "c.at": "e.at"}.items():
    _HASH = instead(_HASH, _was, _now)
# All that can be counted before is counted before the head is locked; nothing is locked after it. Who had to wait for
# the head finds it as it is by then, and counts on from there.
PLACED = f"""create or replace function place_commit() returns trigger language plpgsql security definer
{BY_INDEX} set plan_cache_mode = force_generic_plan as $$
declare
  mine constant bigint := new.commit_number;
  c commits;
  content bytea;
  lowest int;
  highest int;
begin
  c.key_id := nullif(current_setting('register.key', true), '');
  c.request_id := nullif(current_setting('register.request', true), '');
  c.reason := nullif(current_setting('register.reason', true), '');
  c.database_role := session_user;
  c.salt := uuid_send(gen_random_uuid());
  c.digest := sha256(c.salt || convert_to(coalesce(c.reason, ''), 'UTF8'));
  select into c.changes, lowest, highest, content
    count(*), min(h.ordinal), max(h.ordinal), {_CONTENT};
  if (lowest, highest) <> (1, c.changes) then
    raise exception 'the changes of a commit are numbered from one, without holes'
      using errcode = 'integrity_constraint_violation';
  end if;
  update journal_head h set (position, at, hash) = (
      select e.position, e.at, {_HASH}
      from (select h.position + c.changes as position, greatest(h.at, clock_timestamp()) as at offset 0) e)
    returning h.position, h.at, h.hash into c.position, c.at, c.hash;
  insert into commits (number, position, changes, at, key_id, request_id, reason, database_role, salt, digest, hash)
    values (mine, c.position, c.changes, c.at, c.key_id, c.request_id, c.reason, c.database_role, c.salt, c.digest,
      c.hash);
  return null;
end $$"""
LAST_OF_ALL = """create constraint trigger place_commit after insert on changes
deferrable initially deferred for each row when (new.ordinal = 1) execute function place_commit()"""
