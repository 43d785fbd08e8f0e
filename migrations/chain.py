"""The journal as a chain: the database functions of migration 0002 that record, place and seal, one statement each.

The digest of a change is of a salt and the record as text: an erased record loses its salt, the digest stays, and says
nothing any more. The hash of a commit is of the hash before it, of its own entry and of the digests of its changes.
"""

from migrations.functions import AFTER_TABLES

# The salts of a transaction come from one seed that is kept nowhere: the kernel is asked once, not once a row. The
# record is kept as the text that was digested, in a type that leaves it as it is.
RECORD_CHANGES = """create or replace function record_changes() returns trigger language plpgsql security definer
set search_path = public, pg_temp as $$
declare
  mine bigint;
  before int;
  added int;
  seed constant bytea := uuid_send(gen_random_uuid());
  merged constant uuid := nullif(current_setting('register.merged', true), '');
  word text := case tg_op when 'INSERT' then coalesce(nullif(current_setting('register.action', true), ''), 'create')
    when 'UPDATE' then 'update' else 'delete' end;
begin
  if tg_op = 'DELETE' then
    perform from old_rows limit 1;
  else
    perform from new_rows limit 1;
  end if;
  if not found then
    return null;
  end if;
  mine := this_commit();
  select changes into before from commits where number = mine;
  if tg_op = 'DELETE' then
    insert into changes
      (commit_number, ordinal, kind, record_id, version, action, record, salt, digest, survivor_id)
    select mine, before + r.place, tg_table_name, r.id, r.version,
      case when r.id = merged then 'merge' else word end, r.image, r.salt,
      sha256(r.salt || convert_to(r.image::text, 'UTF8')),
      case when r.id = merged then current_setting('register.survivor')::uuid end
    from (select n.id, n.version, row_number() over () as place, image(to_json(n), tg_table_name) as image,
            substr(sha256(seed || int8send(row_number() over ())), 1, 16) as salt
          from old_rows n offset 0) r;
  else
    insert into changes (commit_number, ordinal, kind, record_id, version, action, record, salt, digest)
    select mine, before + r.place, tg_table_name, r.id, r.version, word, r.image, r.salt,
      sha256(r.salt || convert_to(r.image::text, 'UTF8'))
    from (select n.id, n.version, row_number() over () as place, image(to_json(n), tg_table_name) as image,
            substr(sha256(seed || int8send(row_number() over ())), 1, 16) as salt
          from new_rows n offset 0) r;
  end if;
  get diagnostics added = row_count;
  update commits set changes = before + added where number = mine;
  return null;
end $$"""

IMAGE = """create function image(record json, kind text) returns json language sql immutable parallel safe
return case when kind = 'api_keys' then (record::jsonb - 'digest')::json else record end"""

CONTENT_DIGEST = """create function content_digest(mine bigint) returns bytea language sql stable
return (select sha256(convert_to(string_agg(
    concat_ws('|', h.ordinal, h.kind, h.record_id, h.version, h.action, encode(h.digest, 'hex'), h.survivor_id),
    chr(10) order by h.ordinal), 'UTF8'))
  from public.changes h where h.commit_number = mine)"""

COMMIT_HASH = """create function commit_hash(before bytea, c commits, content bytea) returns bytea
language sql immutable
return sha256(before || convert_to(jsonb_build_array(1, c.position, c.changes,
  (extract(epoch from c.at) * 1000000)::bigint, c.key_id, c.request_id, c.database_role,
  encode(c.digest, 'hex'), encode(content, 'hex'))::text, 'UTF8'))"""

# All that can be counted before is counted before the head is locked; nothing is locked after it.
PLACE_COMMIT = """create or replace function place_commit() returns trigger language plpgsql security definer
set search_path = public, pg_temp as $$
declare
  mine commits;
  content bytea := content_digest(new.number);
  head journal_head;
begin
  select * into mine from commits where number = new.number;
  mine.digest := sha256(mine.salt || convert_to(coalesce(mine.reason, ''), 'UTF8'));
  select * into head from journal_head for update;
  mine.position := head.position + mine.changes;
  mine.at := greatest(head.at, clock_timestamp());
  mine.hash := commit_hash(head.hash, mine, content);
  update journal_head set position = mine.position, at = mine.at, hash = mine.hash;
  update commits set position = mine.position, at = mine.at, digest = mine.digest, hash = mine.hash
    where number = new.number;
  return null;
end $$"""

# The journal as it was before this migration, sealed as it is found.
SEAL = [
    "update changes set salt = uuid_send(gen_random_uuid())",
    "update changes set digest = sha256(salt || convert_to(record::text, 'UTF8'))",
    """do $$
declare
  mine commits;
  before bytea := (select hash from journal_head);
begin
  for mine in select * from commits where position is not null order by position loop
    mine.salt := uuid_send(gen_random_uuid());
    mine.digest := sha256(mine.salt || convert_to(coalesce(mine.reason, ''), 'UTF8'));
    mine.hash := commit_hash(before, mine, content_digest(mine.number));
    update commits set salt = mine.salt, digest = mine.digest, hash = mine.hash where number = mine.number;
    before := mine.hash;
  end loop;
  update journal_head set hash = before;
end $$""",
]

_KEPT = "'The journal is only added to.'"
# What an erasure may do: take the salt away, and with it what the salt covers. Everything else stays as it was written.
GUARDS = [
    f"""create trigger keep_changes before update on changes for each row
when (new.salt is not null or (old.commit_number, old.ordinal, old.kind, old.record_id, old.version, old.action,
  old.digest, old.survivor_id) is distinct from (new.commit_number, new.ordinal, new.kind, new.record_id,
  new.version, new.action, new.digest, new.survivor_id)) execute function refuse({_KEPT})""",
    f"""create trigger keep_commits before update on commits for each row
when (old.position is not null and (new.salt is not null or (old.number, old.position, old.changes, old.at,
  old.key_id, old.request_id, old.database_role, old.digest, old.hash) is distinct from (new.number, new.position,
  new.changes, new.at, new.key_id, new.request_id, new.database_role, new.digest, new.hash)))
execute function refuse({_KEPT})""",
    *(
        f"""create trigger keep_all_{table} before delete or truncate on {table}
for each statement execute function refuse({_KEPT})"""
        for table in ("changes", "commits", "journal_head")
    ),
]

# Since migration 0031: a change says from which system it came. It is sealed with its change; where none is said the
# digest is of the same text as before, so that older links hold.
_SYSTEM = "nullif(current_setting('register.system', true), '')"
RECORD_SYSTEMS = (
    RECORD_CHANGES.replace("  word text :=", f"  system_said constant text := {_SYSTEM};\n  word text :=", 1)
    .replace("salt, digest, survivor_id)\n", "salt, digest, survivor_id, system)\n", 1)
    .replace(
        "current_setting('register.survivor')::uuid end\n",
        "current_setting('register.survivor')::uuid end, system_said\n",
        1,
    )
    .replace("record, salt, digest)\n", "record, salt, digest, system)\n", 1)
    .replace(
        "sha256(r.salt || convert_to(r.image::text, 'UTF8'))\n    from",
        "sha256(r.salt || convert_to(r.image::text, 'UTF8')), system_said\n    from",
        1,
    )
)
DIGEST_SYSTEMS = CONTENT_DIGEST.replace("create function", "create or replace function", 1).replace(
    "h.survivor_id)", "h.survivor_id,\n      'system:' || h.system)", 1
)
KEEP_SYSTEMS = (
    GUARDS[0]
    .replace("create trigger", "create or replace trigger", 1)
    .replace("old.survivor_id)", "old.survivor_id, old.system)", 1)
    .replace("new.survivor_id)", "new.survivor_id, new.system)", 1)
)
# Before the systems are forgotten: from the first commit that has sealed one, the chain is sealed anew without them.
SEAL_WITHOUT_SYSTEMS = """do $$
declare
  mine commits;
  since bigint := (select min(c.position) from commits c join changes h on h.commit_number = c.number
    where h.system is not null);
  before bytea := coalesce((select hash from commits where position < since order by position desc limit 1),
    sha256(''));
begin
  if since is null then
    return;
  end if;
  alter table commits disable trigger keep_commits;
  for mine in select * from commits where position >= since order by position loop
    mine.hash := commit_hash(before, mine, content_digest(mine.number));
    update commits set hash = mine.hash where number = mine.number;
    before := mine.hash;
  end loop;
  update journal_head set hash = before;
  alter table commits enable trigger keep_commits;
end $$"""

# Since migration 0044: how many changes a transaction has made so far is kept in a setting of it; its entry is written
# when it begins and when it is placed. Settings are not believed: a commit that is placed takes no more changes, and
# those of one that is not are counted as they are sealed. A transaction that began before the migration has no count.
_SO_FAR = """  select changes into before from commits where number = mine;
"""
_COUNTED = """  update commits set changes = before + added where number = mine;
"""
_PLACED = "    perform set_config('register.commit', known::text, true);\n"


def instead(text: str, was: str, now: str) -> str:
    assert text.count(was) == 1, was
    return text.replace(was, now)


# The entry is looked up by its number alone: among those without a position are all that ever had none, until a vacuum.
_KNOWN = """  if (select c.position is null from commits c where c.number = mine) is not true then
    raise exception 'The journal is only added to.' using errcode = 'insufficient_privilege';
  end if;
  before := nullif(current_setting('register.changes', true), '');
  if before is null then
    select count(*) into before from changes where commit_number = mine;
  end if;
"""
# Plans are kept: by an index, also where a table held little when it was planned.
BY_INDEX = "set search_path = public, pg_temp set enable_seqscan = off"
COUNTED = instead(
    instead(RECORD_SYSTEMS, _SO_FAR, _KNOWN),
    _COUNTED,
    "  perform set_config('register.changes', (before + added)::text, true);\n",
)
COUNTED = instead(COUNTED, "set search_path = public, pg_temp", BY_INDEX)
THIS_COUNTED = instead(
    next(each for each in AFTER_TABLES if "function this_commit()" in each).replace(
        "create function", "create or replace function", 1
    ),
    _PLACED,
    _PLACED.replace(";", ",\n      set_config('register.changes', '0', true);"),
)
_CONTENT = instead(
    DIGEST_SYSTEMS.partition("return (")[2].removesuffix(")"),
    "select sha256",
    "select into c.changes, highest, content\n    count(*), coalesce(max(h.ordinal), 0), sha256",
)
_HASH = COMMIT_HASH.partition("return ")[2]
# Digest and hash are what `content_digest` and `commit_hash` answer, written out, so that their plans are kept.
SETTLED = f"""create or replace function place_commit() returns trigger language plpgsql security definer
{BY_INDEX} set plan_cache_mode = force_generic_plan as $$
declare
  mine constant bigint := new.number;
  c commits;
  content bytea;
  highest int;
  before bytea;
  head journal_head;
begin
  select * into c from commits where number = mine;
  c.digest := sha256(c.salt || convert_to(coalesce(c.reason, ''), 'UTF8'));
  {_CONTENT};
  if c.changes <> highest then
    raise exception 'the changes of a commit are numbered from one, without holes'
      using errcode = 'integrity_constraint_violation';
  end if;
  select * into head from journal_head for update;
  before := head.hash;
  c.position := head.position + c.changes;
  c.at := greatest(head.at, clock_timestamp());
  c.hash := {_HASH};
  update journal_head set position = c.position, at = c.at, hash = c.hash;
  update commits set position = c.position, changes = c.changes, at = c.at, digest = c.digest, hash = c.hash
    where number = mine;
  return null;
end $$"""
