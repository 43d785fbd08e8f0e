"""What row-level security stands on: the database functions and views of migration 0010, one statement each.

The policies themselves are made from the code and applied after migrations (`app/guards.py`).
"""

FORGET_GUARDS = """do $$
declare
  found record;
begin
  for found in select policyname, tablename from pg_policies where schemaname = 'public' loop
    execute format('drop policy %I on public.%I', found.policyname, found.tablename);
  end loop;
  for found in select relname from pg_class
      where relnamespace = 'public'::regnamespace and relkind = 'r' and relrowsecurity loop
    execute format('alter table public.%I disable row level security', found.relname);
  end loop;
  comment on view withheld is null; -- which told that they are there, so that they are made anew
end $$"""

SCOPED = """create function scoped(scope text) returns boolean language sql stable parallel safe
return coalesce(current_setting('register.scopes', true), '') = ''
  or string_to_array(current_setting('register.scopes', true), ' ') && array[
    scope, split_part(scope, ':', 1) || ':*', '*:' || split_part(scope, ':', 2), '*:*']"""
SPEAKS = """create function speaks(roles text[], scope text) returns boolean language sql stable parallel safe
return coalesce(current_setting('register.role', true) = any (roles), false) and scoped(scope)"""
SPEAKS_FOR = """create function speaks_for(roles text[], scope text) returns text language sql stable parallel safe
return case when speaks(roles, scope) then nullif(current_setting('register.country', true), '') end"""

# Records that are not public, or once were not: few, so that all others cost nothing. They stay when the record goes,
# so that its history stays hidden with it.
NOTE_HIDDEN = """create function note_hidden() returns trigger language plpgsql security definer
set search_path = public, pg_temp as $$
begin
  execute format('insert into hidden_records (record_id, kind, owner, visibility)
    select r.id, %L, r.%I, r.visibility from new_rows r
    where r.visibility <> ''public'' or exists (select from hidden_records h where h.record_id = r.id)
    on conflict (record_id) do update set owner = excluded.owner, visibility = excluded.visibility',
    tg_table_name, tg_argv[0]);
  return null;
end $$"""
_HIDDEN = "r.visibility <> 'public' or exists (select from hidden_records h where h.record_id = r.id)"
# Since migration 0041: by its index, also where it held nothing when that was planned.
NOTE_SELDOM = f"""create or replace function note_hidden() returns trigger language plpgsql security definer
set search_path = public, pg_temp set enable_seqscan = off as $$
begin
  perform from new_rows r where {_HIDDEN} limit 1;
  if found then
    execute format($sql$insert into hidden_records (record_id, kind, owner, visibility)
      select r.id, %L, r.%I, r.visibility from new_rows r where {_HIDDEN}
      on conflict (record_id) do update set owner = excluded.owner, visibility = excluded.visibility$sql$,
      tg_table_name, tg_argv[0]);
  end if;
  return null;
end $$"""
# Since migration 0072: a scalar subquery is never hashed; `exists` beside an `or` may be, and its plan is kept.
NOTE_BY_INDEX = NOTE_SELDOM.replace(
    _HIDDEN,
    "r.visibility <> 'public' or (select true from hidden_records h where h.record_id = r.id)",
)
OWN_BY_DEFAULT = """create function own_by_default() returns trigger language plpgsql as $$
begin
  if current_setting('register.action', true) is distinct from 'restore' then
    new.owner := nullif(current_setting('register.country', true), '');
  end if;
  return new;
end $$"""

# Views with the rights of their owner: what they show is all that the service's role gets of what is behind them.
# `withheld` and `told` are made anew with the policies; until then they hold back all that was ever hidden.
WITHHELD_ALL = "create view withheld as select h.record_id from hidden_records h"
VIEWS = [
    WITHHELD_ALL,
    "create view once_hidden as select record_id from hidden_records",
    """create view findable as select s.record_id, s.kind, s.title, s.folded, s.words from search_texts s
where not exists (select from withheld w where w.record_id = s.record_id)""",
    """create view told as select h.commit_number, h.ordinal, h.kind, h.record_id, h.version, h.action, h.record,
  h.survivor_id from changes h where not exists (select from withheld w where w.record_id = h.record_id)""",
    "grant select on withheld, once_hidden, findable, told to workplan_app",
    "revoke select on search_texts from workplan_app",
]


def hidden(table: str, owner: str) -> list[str]:
    """What is not public of a table is noted."""
    return [
        f"""create trigger hidden_{event} after {event} on {table}
        referencing new table as new_rows for each statement execute function note_hidden('{owner}')"""
        for event in ("insert", "update")
    ]


def own_by_default(table: str) -> str:
    """A new record belongs to the country for which the caller speaks."""
    return f"""create trigger own_by_default before insert on {table}
        for each row when (new.owner is null) execute function own_by_default()"""
