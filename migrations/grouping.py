"""Group commit: how several requests write in one transaction, since migration 0046.

Each has its own entry in the journal. A setting of the transaction, `register.requests`, says which request writes
which record, and why: `{"<record id>": ["<request id>", "<reason>"]}`. Every change is then the only one of its commit,
also where the transaction has begun one before; what would change beside these records is refused, since nobody could
say whose it is.
"""

from migrations.chain import BY_INDEX, COMMIT_HASH, DIGEST_SYSTEMS, instead
from migrations.mirrors import (
    CHANGED_LISTS,
    CHANGED_TEXTS,
    TEXTS,
    WRITE_MIRRORS,
    links_of,
    no_links_of,
    words_of,
)
from migrations.placing import PLACED, RECORDED

# Where it is not there, triggers know nothing of groups, and nobody writes in one.
TELL_REQUESTS = """create function tell_requests(requests json) returns text language sql
return set_config('register.requests', requests::text, true)"""
# Locks the Idempotency-Keys of a group, as `open_write` locks one. Some may be locked although others are not free: who
# finds that gives up the transaction.
KEYS_ARE_FREE = """create function keys_are_free(keys text[]) returns boolean language plpgsql
set enable_seqscan = off as $$
declare
  caller constant uuid := nullif(current_setting('register.key', true), '');
begin
  if exists (select from unnest(keys) key
      where not pg_try_advisory_xact_lock(hashtextextended(caller::text || chr(31) || key, 7))) then
    return false;
  end if;
  return not exists (select from idempotency_keys k where k.caller_id = caller and k.key = any(keys));
end $$"""
_REQUESTS = "nullif(current_setting('register.requests', true), '')"
_NUMBERED = """  if requests is not null then
    if tg_op <> 'DELETE' then
      beside := exists (select from new_rows n where not requests ? n.id::text);
    end if;
    if beside then
      raise exception 'a change beside the records of a group' using errcode = 'object_not_in_prerequisite_state';
    end if;
    mine := null;
  elsif mine is null then
"""
_EACH = """    select mine, before + r.place, tg_table_name, r.id, r.version, word, r.image, r.salt,
"""
GROUPED = instead(
    RECORDED,
    "  said text;\n",
    f"""  requests constant jsonb := {_REQUESTS};
  beside boolean := true;
  said text;
""",
)
GROUPED = instead(GROUPED, "  if mine is null then\n", _NUMBERED)
GROUPED = instead(
    GROUPED,
    _EACH,
    """    select coalesce(mine, nextval('commits_number_seq')),
      case when mine is null then 1 else before + r.place end, tg_table_name, r.id, r.version, word, r.image, r.salt,
""",
)
GROUPED = instead(
    GROUPED,
    "  get diagnostics added = row_count;\n",
    """  if mine is null then
    return null;
  end if;
  get diagnostics added = row_count;
""",
)

PLACED_EACH = instead(
    PLACED,
    "  c commits;\n",
    f"  request constant jsonb := {_REQUESTS}::jsonb -> new.record_id::text;\n  c commits;\n",
)
for _name, _place in {"request": 0, "reason": 1}.items():
    _told = f"nullif(current_setting('register.{_name}', true), '')"
    PLACED_EACH = instead(
        PLACED_EACH, _told, f"case when request is null then {_told} else request ->> {_place} end"
    )

# Mirrors of so many records are kept by statements whose plans are kept, as those of a single one; of more, old and new
# are joined by a plan that knows how many they are.
_FEW = 32
_ONE = ("limit 2) few) > 1", f"limit {_FEW + 1}) few) > {_FEW}")
_WRITTEN = "p.proname in ('mirror_search_text', 'mirror_links')"
_IS_SEARCH = "mirror.proname = 'mirror_search_text'"
_SAME_TEXT = (
    f"({TEXTS} new_rows r) is not distinct from ({TEXTS} old_rows r) then\n      return null;\n    end if;\n"
)
_SAME_LIST = (
    "(select n.«field» from new_rows n) is not distinct from (select o.«field» from old_rows o) then\n"
)
_ALL_LINKS = f"    {no_links_of('new_rows n')};\n"

WRITE_FEW = instead(WRITE_MIRRORS, "create function", "create or replace function")
assert WRITE_FEW.count(_ONE[0]) == 2
WRITE_FEW = WRITE_FEW.replace(*_ONE)
WRITE_FEW = instead(WRITE_FEW, _WRITTEN, f"({_WRITTEN} or p.proname ~ '^(search|links)_of_')")
WRITE_FEW = instead(
    WRITE_FEW, _IS_SEARCH, "mirror.proname in ('mirror_search_text', 'search_of_' || mirror.relname)"
)
WRITE_FEW = instead(
    WRITE_FEW,
    _SAME_TEXT,
    f"""not exists {CHANGED_TEXTS} then
      return null;
    end if;
    {words_of(CHANGED_TEXTS)};
    return null;
""",
)
WRITE_FEW = instead(WRITE_FEW, _SAME_LIST, f"not exists (select from {CHANGED_LISTS}) then\n")
WRITE_FEW = instead(
    WRITE_FEW,
    _ALL_LINKS,
    f"    {no_links_of(CHANGED_LISTS)};\n    {links_of(CHANGED_LISTS)};\n    return null;\n",
)

# Since migration 0047 the commits of a group are placed together, by the trigger of the first, and the head is changed
# once. Which they are no setting says: a change that is seen, and has no entry yet, was written by this transaction.
# The scalar subquery is never hashed: plans are kept while the table grows.
_CONTENT = DIGEST_SYSTEMS.partition("(select ")[2].partition("\n  from ")[0]
_HASH = COMMIT_HASH.partition("return ")[2]
for _was, _now in {
    "before": "head.hash",
    "c.position": "head.position",
    "c.changes": "entry.changes",
    "c.at": "head.at",
    "c.key_id": "key",
    "c.request_id": "entry.request ->> 0",
    "c.database_role": "session_user",
    "c.digest": "entry.digest",
    "encode(content": "encode(entry.content",
}.items():
    _HASH = instead(_HASH, _was, _now)
PLACED_TOGETHER = f"""create or replace function place_commit() returns trigger language plpgsql security definer
{BY_INDEX} set plan_cache_mode = force_generic_plan as $$
declare
  requests text := {_REQUESTS};
  last bigint := new.commit_number;
  head journal_head;
  entry record;
begin
  if requests is not null then
    if exists (select from commits where number = last) then
      return null;
    end if;
    last := 9223372036854775807;
  end if;
  declare
    asked constant jsonb := requests;
    said constant jsonb := jsonb_build_array(nullif(current_setting('register.request', true), ''),
      nullif(current_setting('register.reason', true), ''));
    key constant uuid := nullif(current_setting('register.key', true), '');
    seed constant bytea := uuid_send(gen_random_uuid());
  begin
    for entry in
      select c.*, sha256(c.salt || convert_to(coalesce(c.request ->> 1, ''), 'UTF8')) as digest
      from (
        select h.commit_number as number, count(*)::int as changes,
          (min(h.ordinal), max(h.ordinal)) = (1, count(*)) as whole, {_CONTENT} as content,
          coalesce(asked -> (min(h.record_id::text) filter (where h.ordinal = 1)), said) as request,
          substr(sha256(seed || int8send(h.commit_number)), 1, 16) as salt
        from changes h
        where h.commit_number between new.commit_number and last and (h.commit_number = new.commit_number
          or (select p.number from commits p where p.number = h.commit_number) is null)
        group by h.commit_number order by h.commit_number offset 0) c
    loop
      if not entry.whole then
        raise exception 'the changes of a commit are numbered from one, without holes'
          using errcode = 'integrity_constraint_violation';
      end if;
      if head is null then
        select * into head from journal_head for update;
      end if;
      head.position := head.position + entry.changes;
      head.at := greatest(head.at, clock_timestamp());
      head.hash := {_HASH};
      insert into commits (number, position, changes, at, key_id, request_id, reason, database_role, salt, digest, hash)
        values (entry.number, head.position, entry.changes, head.at, key, entry.request ->> 0, entry.request ->> 1,
          session_user, entry.salt, entry.digest, head.hash);
    end loop;
    update journal_head set position = head.position, at = head.at, hash = head.hash;
  end;
  return null;
end $$"""

# Since migration 0067 words say who may see them, so that a search does not look for its hits among what is hidden.
# Whose a record is, is in the column that its trigger for hidden ones names.
_TEXT = f"({TEXTS}".removesuffix(") from")
WRITE_SHOWN = (
    WRITE_FEW.replace(_TEXT, f"{_TEXT}, «visibility», «owner»")
    .replace("fold(«text») as folded", "fold(«text») as folded, «visibility» as visibility, «owner» as owner")
    .replace("folded, words)", "folded, words, visibility, owner)")
    .replace("to_tsvector('english', folded)", "to_tsvector('english', folded), visibility, owner")
    .replace(
        "words = excluded.words",
        "words = excluded.words,\n      visibility = excluded.visibility, owner = excluded.owner",
    )
)
WRITE_SHOWN = instead(
    WRITE_SHOWN,
    "'text', mirror.arguments[2]);\n",
    """'text', mirror.arguments[2])
        || coalesce((select jsonb_build_object('visibility', 'r.visibility', 'owner', format('r.%I', h.arguments[1]))
          from (select string_to_array(encode(t.tgargs, 'escape'), '\\000') as arguments from pg_trigger t
            where t.tgrelid = mirror.relname::regclass and t.tgname = 'hidden_insert') h),
          jsonb_build_object('visibility', '''public''::text', 'owner', 'null::text'));
""",
)

# Since migration 0072 rows that mirror a list go by a trigger of its record, as they come.
WRITE_GONE = instead(
    WRITE_SHOWN,
    "\n  if tg_op = 'UPDATE' then\n",
    """
  if tg_op = 'DELETE' then
    delete from «through» t using old_rows r where t.«owner» = r.id and t.field = '«field»';
    return null;
  elsif tg_op = 'UPDATE' then
""",
)

# Since migration 0074 a group is opened by one function, which needs no plan of its own each time. False: there is
# something to say to one of them.
OPEN_GROUP = """create function open_group(context jsonb, keys text[]) returns boolean language plpgsql as $$
declare
  refused boolean;
begin
  select o.refused into refused from open_write(context, null, null) o;
  if refused then
    return false;
  end if;
  return cardinality(keys) = 0 or keys_are_free(keys);
end $$"""
# And whose words are new has none yet: no row is looked for that they could replace.
_END = ";\n  return null;\nend $body$$search$"
_SEARCH, _, _LINKS = WRITE_GONE.partition(_END)
WRITE_NEW = _SEARCH[: _SEARCH.rindex("\n    on conflict")] + _END + _LINKS
