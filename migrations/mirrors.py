"""Mirrors of records (words for search, rows for lists of references), each by a function written for its table.

A function for all tables has to plan its statements at every change, since it learns only then of which table and field
it is. `write_mirrors()` writes one for each trigger that `searched` and `linked` have made, from the trigger's own
arguments. What one record needs is planned once a connection, and for new ones one plan is good for any number; of many
that change at a time, old and new are joined by a plan that knows how many they are.
"""

_HEAD = """create or replace function «function»() returns trigger language plpgsql security definer
set search_path = public, pg_temp as $body$
begin"""
_MANY = "if (select count(*) from (select from new_rows limit 2) few) > 1 then"
TEXTS = "select («title», «text») from"


def words_of(rows: str) -> str:
    return f"""insert into search_texts (record_id, kind, title, folded, words)
    select id, '«table»', title, folded, to_tsvector('english', folded)
    from (select r.id, «title» as title, fold(«text») as folded from {rows} r) f
    on conflict (record_id) do update
    set title = excluded.title, folded = excluded.folded, words = excluded.words"""


CHANGED_TEXTS = f"""(select n.* from new_rows n join old_rows o on o.id = n.id
      where ({TEXTS} (select n.*) r) is distinct from ({TEXTS} (select o.*) r))"""
_SEARCH = f"""{_HEAD}
  if tg_op = 'DELETE' then
    delete from search_texts s using old_rows r where s.record_id = r.id;
    return null;
  elsif tg_op = 'UPDATE' then
    {_MANY}
      execute $many${words_of(CHANGED_TEXTS)}$many$;
      return null;
    elsif ({TEXTS} new_rows r) is not distinct from ({TEXTS} old_rows r) then
      return null;
    end if;
  end if;
  {words_of("new_rows")};
  return null;
end $body$"""


def links_of(rows: str) -> str:
    return f"""insert into «through» («owner», field, «target»)
    select distinct n.id, '«field»', (link ->> 'id')::uuid from {rows}, jsonb_array_elements(n.«field») link"""


def no_links_of(rows: str) -> str:
    return f"delete from «through» t using {rows} where t.«owner» = n.id and t.field = '«field»'"


CHANGED_LISTS = "new_rows n join old_rows o on o.id = n.id and o.«field» is distinct from n.«field»"
_LINKS = f"""{_HEAD}
  if tg_op = 'UPDATE' then
    {_MANY}
      execute $many${no_links_of(CHANGED_LISTS)}$many$;
      execute $many${links_of(CHANGED_LISTS)}$many$;
      return null;
    elsif (select n.«field» from new_rows n) is not distinct from (select o.«field» from old_rows o) then
      return null;
    end if;
    {no_links_of("new_rows n")};
  end if;
  {links_of("new_rows n")};
  return null;
end $body$"""

_OF_MIRRORS = """select t.oid, t.tgname, p.proname, c.relname,
      string_to_array(encode(t.tgargs, 'escape'), '\\000') as arguments
    from pg_trigger t join pg_class c on c.oid = t.tgrelid join pg_proc p on p.oid = t.tgfoid
    where not t.tgisinternal and c.relnamespace = 'public'::regnamespace"""
WRITE_MIRRORS = f"""create function write_mirrors() returns void language plpgsql
set search_path = public, pg_temp as $write$
declare
  mirror record;
  written text;
  meant jsonb;
  part record;
begin
  for mirror in {_OF_MIRRORS} and p.proname in ('mirror_search_text', 'mirror_links') loop
    if mirror.proname = 'mirror_search_text' then
      written := $search${_SEARCH}$search$;
      meant := jsonb_build_object('function', 'search_of_' || mirror.relname, 'table', mirror.relname,
        'title', mirror.arguments[1], 'text', mirror.arguments[2]);
    else
      written := $links${_LINKS}$links$;
      meant := jsonb_build_object('function', concat_ws('_', 'links_of', mirror.relname, mirror.arguments[4]),
        'through', mirror.arguments[1], 'owner', mirror.arguments[2], 'target', mirror.arguments[3],
        'field', mirror.arguments[4]);
    end if;
    for part in select key, value from jsonb_each_text(meant) loop
      written := replace(written, '«' || part.key || '»', part.value);
    end loop;
    execute written;
    execute replace(replace(pg_get_triggerdef(mirror.oid), 'CREATE TRIGGER', 'CREATE OR REPLACE TRIGGER'),
      'FUNCTION ' || mirror.proname || '(', 'FUNCTION ' || (meant ->> 'function') || '(');
  end loop;
end $write$"""
# Back to one function for all tables.
UNWRITE_MIRRORS = f"""do $unwrite$
declare
  mirror record;
begin
  for mirror in {_OF_MIRRORS} and (p.proname like 'search\\_of\\_%' or p.proname like 'links\\_of\\_%') loop
    execute replace(replace(pg_get_triggerdef(mirror.oid), 'CREATE TRIGGER', 'CREATE OR REPLACE TRIGGER'),
      'FUNCTION ' || mirror.proname || '(',
      case when mirror.proname like 'search%' then 'FUNCTION mirror_search_text(' else 'FUNCTION mirror_links(' end);
    if not exists (select from pg_trigger where tgfoid = mirror.proname::regproc) then
      execute format('drop function %I()', mirror.proname);
    end if;
  end loop;
end $unwrite$"""
