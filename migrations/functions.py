"""The database functions of migration 0001, one statement each, in the order in which they are made."""

# Case, accents and width do not matter when looking for text, nor the invisible marks between the words of
# Khmer and Burmese (U+200B to U+200D, U+2060) and inside broken lines (U+00AD).
FOLD = """create function fold(written text) returns text language sql immutable strict parallel safe
    return lower(public.unaccent('public.unaccent'::regdictionary,
      translate(normalize(written, NFKC), U&'\\200B\\200C\\200D\\2060\\00AD', '')))"""

MIRROR_SEARCH_TEXT = """create function mirror_search_text() returns trigger language plpgsql security definer
set search_path = public, pg_temp as $$
declare
  source text := case tg_op when 'INSERT' then 'new_rows r'
    else format('(select n.* from new_rows n join old_rows o on o.id = n.id
      where (select (%1$s, %2$s) from (select n.*) r)
      is distinct from (select (%1$s, %2$s) from (select o.*) r)) r', tg_argv[0], tg_argv[1]) end;
begin
  if tg_op = 'DELETE' then
    delete from search_texts s using old_rows r where s.record_id = r.id;
  else
    execute format(
      'insert into search_texts (record_id, kind, title, folded, words)
       select id, %L, title, folded, to_tsvector(''english'', folded)
       from (select r.id, %s as title, fold(%s) as folded from %s) f
       on conflict (record_id) do update
       set title = excluded.title, folded = excluded.folded, words = excluded.words',
      tg_table_name, tg_argv[0], tg_argv[1], source);
  end if;
  return null;
end $$"""

MIRROR_LINKS = """create function mirror_links() returns trigger language plpgsql security definer
set search_path = public, pg_temp as $$
declare
  through text := tg_argv[0];
  owner text := tg_argv[1];
  target text := tg_argv[2];
  field text := tg_argv[3];
  source text := 'new_rows n';
begin
  if tg_op = 'UPDATE' then
    source := format('new_rows n join old_rows o on o.id = n.id and o.%1$I is distinct from n.%1$I', field);
    execute format('delete from %I t using %s where t.%I = n.id and t.field = %L', through, source, owner, field);
  end if;
  execute format(
    'insert into %I (%I, field, %I)
     select distinct n.id, %L, (link ->> ''id'')::uuid from %s, jsonb_array_elements(n.%I) link',
    through, owner, target, field, source, field);
  return null;
end $$"""

# Since migration 0041: what stays is not mirrored. Of one record only; to take many to pieces costs more than to plan.
SPARE_LINKS = MIRROR_LINKS.replace("create function", "create or replace function", 1).replace(
    """  if tg_op = 'UPDATE' then
""",
    """  if tg_op = 'UPDATE' then
    if (select count(*) from (select from new_rows limit 2) few) = 1 then
      if (select to_jsonb(n) -> field from new_rows n) = (select to_jsonb(o) -> field from old_rows o) then
        return null;
      end if;
    end if;
""",
    1,
)

BEFORE_TABLES = [
    "create extension if not exists pg_trgm",
    "create extension if not exists unaccent",
    "create extension if not exists btree_gist",
    FOLD,
    # What is looked for is text, never a pattern; what folds to nothing is found nowhere.
    r"""create function like_pattern(written text) returns text language sql immutable strict parallel safe
    return '%' || regexp_replace(nullif(fold(written), ''), '([\\%_])', '\\\1', 'g') || '%'""",
]

AFTER_TABLES = [
    "insert into journal_head default values",
    "insert into installation default values",
    """create function refuse() returns trigger language plpgsql as $$
begin
  raise exception '%', tg_argv[0] using errcode = 'insufficient_privilege';
end $$""",
    """create function refuse_permanent() returns trigger language plpgsql as $$
begin
  raise exception 'the % of a record is permanent', tg_argv[0]
    using errcode = 'check_violation', constraint = 'permanent_' || tg_table_name || '_' || tg_argv[0];
end $$""",
    """create function keep_version() returns trigger language plpgsql as $$
begin
  new.id := old.id;
  new.version := old.version + 1;
  new.created_at := old.created_at;
  new.updated_at := now();
  return new;
end $$""",
    """create function keep_former_dates() returns trigger language plpgsql as $$
begin
  new.former_dates := old.former_dates || jsonb_build_object(
    'start_date', old.start_date, 'end_date', old.end_date, 'date_precision', old.date_precision, 'until', now());
  return new;
end $$""",
    # The transaction's own entry in `commits`; who asks is set by begin_write(), for psql it stays empty.
    """create function this_commit() returns bigint language plpgsql security definer
set search_path = public, pg_temp as $$
declare
  known bigint := nullif(current_setting('register.commit', true), '');
begin
  if known is null then
    insert into commits (key_id, request_id, reason)
    values (
      nullif(current_setting('register.key', true), '')::uuid,
      nullif(current_setting('register.request', true), ''),
      nullif(current_setting('register.reason', true), ''))
    returning number into known;
    perform set_config('register.commit', known::text, true);
  end if;
  return known;
end $$""",
    """create function record_changes() returns trigger language plpgsql security definer
set search_path = public, pg_temp as $$
declare
  mine bigint;
  before int;
  added int;
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
    insert into changes (commit_number, ordinal, kind, record_id, version, action, record)
    select mine, before + row_number() over (), tg_table_name, r.id, r.version, 'delete', to_jsonb(r) - 'digest'
    from old_rows r;
  else
    insert into changes (commit_number, ordinal, kind, record_id, version, action, record)
    select mine, before + row_number() over (), tg_table_name, r.id, r.version,
      case when tg_op = 'UPDATE' then 'update'
           else coalesce(nullif(current_setting('register.action', true), ''), 'create') end,
      to_jsonb(r) - 'digest'
    from new_rows r;
  end if;
  get diagnostics added = row_count;
  update commits set changes = before + added where number = mine;
  return null;
end $$""",
    # Runs at commit, as the last thing a transaction does: commit order, no holes. Nothing is locked after it.
    """create function place_commit() returns trigger language plpgsql security definer
set search_path = public, pg_temp as $$
declare
  added int;
  place bigint;
  moment timestamptz;
begin
  select changes into added from commits where number = new.number;
  update journal_head set position = position + added, at = greatest(at, clock_timestamp())
    returning position, at into place, moment;
  update commits set position = place, at = moment where number = new.number;
  return null;
end $$""",
    """create constraint trigger place_commit after insert on commits
deferrable initially deferred for each row execute function place_commit()""",
    """create function mirror_own_keys() returns trigger language plpgsql security definer
set search_path = public, pg_temp as $$
begin
  if tg_op = 'DELETE' then
    delete from own_keys k using old_rows r where k.record_id = r.id and r.keys <> '{}';
  elsif tg_op = 'INSERT' then
    insert into own_keys (kind, key, record_id)
    select tg_table_name, unnest(r.keys), r.id from new_rows r where r.keys <> '{}';
  else
    delete from own_keys k using new_rows n join old_rows o on o.id = n.id
    where k.record_id = n.id and n.keys <> o.keys;
    insert into own_keys (kind, key, record_id)
    select tg_table_name, unnest(n.keys), n.id from new_rows n join old_rows o on o.id = n.id where n.keys <> o.keys;
  end if;
  return null;
end $$""",
    MIRROR_SEARCH_TEXT,
    MIRROR_LINKS,
    # A record that is given its key late: lists that name it by id alone learn the key, as a change of their records.
    """create function spread_key() returns trigger language plpgsql as $$
declare
  mirrored text := tg_argv[0];
  field text := tg_argv[1];
  through text := tg_argv[2];
  owner text := tg_argv[3];
  target text := tg_argv[4];
  key text := tg_argv[5];
begin
  execute format(
    'update %1$I r set %2$I = (
       select jsonb_agg(case when link ->> ''id'' = $1 ->> ''id'' then link || jsonb_build_object(%6$L, $1 -> %6$L)
                        else link end order by place)
       from jsonb_array_elements(r.%2$I) with ordinality listed(link, place))
     where r.id in (select %4$I from %3$I where %5$I = ($1 ->> ''id'')::uuid and field = %2$L)',
    mirrored, field, through, owner, target, key) using to_jsonb(new);
  return null;
end $$""",
    # Opens a write: says who is writing, and claims the Idempotency-Key in the same transaction.
    """create function begin_write(
  caller uuid, request text, why text, idempotency_key text, print bytea,
  out busy boolean, out replay boolean, out same boolean, out status int, out headers jsonb, out body text)
language plpgsql as $$
begin
  perform set_config('register.key', coalesce(caller::text, ''), true),
          set_config('register.request', coalesce(request, ''), true),
          set_config('register.reason', coalesce(why, ''), true);
  busy := false;
  replay := false;
  if idempotency_key is null then
    return;
  end if;
  if not pg_try_advisory_xact_lock(hashtextextended(caller::text || chr(31) || idempotency_key, 7)) then
    busy := true;
    return;
  end if;
  insert into idempotency_keys (caller_id, key, fingerprint) values (caller, idempotency_key, print)
    on conflict do nothing;
  if found then
    return;
  end if;
  replay := true;
  select k.fingerprint = print, k.status, k.headers, k.body into same, status, headers, body
    from idempotency_keys k where k.caller_id = caller and k.key = idempotency_key;
end $$""",
]

SET_ROLE = [
    """do $$
begin
  create role workplan_app nologin;
exception when duplicate_object or unique_violation then null;
end $$""",
    """do $$
begin
  if not pg_has_role(current_user, 'workplan_app', 'SET') then
    execute format('grant workplan_app to %I', current_user);
  end if;
end $$""",
    "grant usage on schema public to workplan_app",
]
