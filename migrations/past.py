"""The register as it was: the database functions of migration 0002, one statement each.

Schema `past` holds a view for every recorded table, and for those that triggers keep, under the same name and with the
same columns: what the table held at the place in the feed that the setting `register.as_of_position` names. A reading
statement compiled for that schema is the statement of the present, so that the past answers as it answered then.
"""

from migrations.chain import instead

FORGET_PAST = "drop schema if exists past cascade"
"""Before a migration that drops or changes a column: the views name it."""
REMAKE_PAST = "select remake_past()"
"""The last statement of every migration that adds a table or changes one."""

TODAY = """create function today() returns date language sql stable parallel safe
return coalesce((nullif(current_setting('register.as_of', true), '')::timestamptz at time zone 'UTC')::date,
  current_date)"""

# What is unchanged since then is read from the table itself, by its indexes; the rest from the journal's images, at a
# cost that grows with what changed since, not with all that ever changed. Columns that are younger than an image have
# their defaults.
REMAKE = """create function remake_past() returns void language plpgsql set search_path = public, pg_temp as $$
declare
  changed constant text := 'select from public.changes h join public.commits c on c.number = h.commit_number
    where h.record_id = %s and c.position > past.position()';
  kinds constant text[] := array(select c.relname::text from pg_trigger t join pg_class c on c.oid = t.tgrelid
    where t.tgname = 'record_update' and c.relname <> 'api_keys' order by 1);
  kind text;
  here text;
  images text;
  every_text text := '';
  every_key text := '';
  mirror record;
  mirrors jsonb := '{}';
begin
  drop schema if exists past cascade;
  create schema past;
  create function past.position() returns bigint language sql stable parallel safe
    return nullif(current_setting('register.as_of_position', true), '')::bigint;
  create view past.journal_head with (security_invoker) as
    select h.only_row, past.position() as position, h.at, h.hash from public.journal_head h;
  create view past.commits with (security_invoker) as select * from public.commits where position <= past.position();
  create view past.changes with (security_invoker) as select * from public.changes;
  foreach kind in array kinds loop
    select string_agg('r.' || quote_ident(attname), ', ' order by attnum),
      string_agg(case when attname = 'id' then 'h.record_id'
        when attnotnull and d.adbin is not null and attname not in ('version', 'created_at', 'updated_at')
          then format('coalesce(r.%I, %s)', attname, pg_get_expr(d.adbin, d.adrelid))
        else format('r.%I', attname) end || ' as ' || quote_ident(attname), ', ' order by attnum)
      into here, images
      from pg_attribute a left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
      where a.attrelid = kind::regclass and a.attnum > 0 and not a.attisdropped;
    execute format('create view past.%I with (security_invoker) as
      select %s from (select distinct n.record_id
        from public.commits c join public.changes n on n.commit_number = c.number
        where c.position > past.position() and n.kind = %L) changed
      cross join lateral (select b.record_id, b.action, b.record
        from public.changes b join public.commits c on c.number = b.commit_number
        where b.record_id = changed.record_id and b.kind = %L and c.position <= past.position()
        order by c.position desc, b.ordinal desc limit 1) h
      cross join lateral json_populate_record(null::public.%I, h.record) r
      where h.action not in (''delete'', ''merge'')', 'changed_' || kind, images, kind, kind, kind);
    execute format('create view past.%I with (security_invoker) as
      select %s from public.%I r where not exists (%s) union all select %s from past.%I r',
      kind, here, kind, format(changed, 'r.id'), here, 'changed_' || kind);
    select every_text || format(
        ' union all select r.id, %1$L, %2$s, public.fold(%3$s), to_tsvector(''english'', public.fold(%3$s))
           from past.%4$I r',
        kind, split.arguments[1], split.arguments[2], 'changed_' || kind)
      into every_text
      from pg_trigger t, string_to_array(encode(t.tgargs, 'escape'), '\\000') split(arguments)
      where t.tgrelid = kind::regclass and t.tgname = 'search_insert';
    every_key := every_key
      || format(' union all select %L, unnest(r.keys), r.id from past.%I r', kind, 'changed_' || kind);
    for mirror in select string_to_array(encode(t.tgargs, 'escape'), '\\000') as arguments from pg_trigger t
        where t.tgrelid = kind::regclass and t.tgname like 'link\\_%\\_insert' loop
      mirrors := mirrors || jsonb_build_object(mirror.arguments[1], coalesce(mirrors ->> mirror.arguments[1],
        format('select m.%1$I, m.field, m.%2$I from public.%3$I m where not exists (%4$s)', mirror.arguments[2],
          mirror.arguments[3], mirror.arguments[1], format(changed, format('m.%I', mirror.arguments[2]))))
        || format(' union all select distinct r.id, %L, (link ->> ''id'')::uuid
          from past.%I r, jsonb_array_elements(r.%I) link',
          mirror.arguments[4], 'changed_' || kind, mirror.arguments[4]));
    end loop;
  end loop;
  for mirror in select key, value from jsonb_each_text(mirrors) loop
    execute format('create view past.%I with (security_invoker) as %s', mirror.key, mirror.value);
  end loop;
  execute format('create view past.search_texts with (security_invoker) as
    select s.record_id, s.kind, s.title, s.folded, s.words from public.search_texts s where not exists (%s) %s',
    format(changed, 's.record_id'), every_text);
  execute format('create view past.own_keys with (security_invoker) as
    select k.kind, k.key, k.record_id from public.own_keys k where not exists (%s) %s',
    format(changed, 'k.record_id'), every_key);
  grant usage on schema past to workplan_app;
  grant select on all tables in schema past to workplan_app;
end $$"""
# Since migration 0009: a past have the tables of records, which other systems know by keys of their own; not those of
# who asks and listens.
OF_RECORDS = REMAKE.replace("create function", "create or replace function", 1).replace(
    "c.relname <> 'api_keys'",
    "exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = 'keys' and not a.attisdropped)",
)
# Since migration 0010: the words of what may be found.
OF_FINDABLE = OF_RECORDS.replace("create view past.search_texts", "create view past.findable").replace(
    "from public.search_texts s", "from public.findable s"
)
# Since migration 0019: what changed since is looked up with the rights of the journal's owner, and an image, with those
# of the caller, in a function. So a reading statement that names many tables of the past is planned in milliseconds;
# before, each name brought the guards of the journal into it.
OF_IMAGES = """create or replace function remake_past() returns void language plpgsql
set search_path = public, pg_temp as $$
declare
  changed constant text := 'select from past.changed_since h where h.record_id = %s';
  kinds constant text[] := array(select c.relname::text from pg_trigger t join pg_class c on c.oid = t.tgrelid
    where t.tgname = 'record_update' and exists (
      select from pg_attribute a where a.attrelid = c.oid and a.attname = 'keys' and not a.attisdropped) order by 1);
  kind text;
  here text;
  images text;
  every_text text := '';
  every_key text := '';
  mirror record;
  mirrors jsonb := '{}';
begin
  drop schema if exists past cascade;
  create schema past;
  create function past.position() returns bigint language sql stable parallel safe
    return nullif(current_setting('register.as_of_position', true), '')::bigint;
  create view past.journal_head with (security_invoker) as
    select h.only_row, past.position() as position, h.at, h.hash from public.journal_head h;
  create view past.commits with (security_invoker) as select * from public.commits where position <= past.position();
  create view past.changes with (security_invoker) as select * from public.changes;
  create view past.changed_since as select n.record_id, n.kind
    from public.commits c join public.changes n on n.commit_number = c.number where c.position > past.position();
  create view past.changed_before as select n.record_id, n.commit_number, n.ordinal, c.position
    from public.commits c join public.changes n on n.commit_number = c.number where c.position <= past.position();
  create function past.image(record uuid) returns json language plpgsql stable parallel safe as $image$
  begin
    return (select n.record from public.changes n where (n.commit_number, n.ordinal) = (
        select k.commit_number, k.ordinal from past.changed_before k where k.record_id = image.record
        order by k.position desc, k.ordinal desc limit 1)
      and n.action not in ('delete', 'merge'));
  end $image$;
  foreach kind in array kinds loop
    select string_agg('r.' || quote_ident(attname), ', ' order by attnum),
      string_agg(case when attname = 'id' then 'changed.record_id'
        when attnotnull and d.adbin is not null and attname not in ('version', 'created_at', 'updated_at')
          then format('coalesce(r.%I, %s)', attname, pg_get_expr(d.adbin, d.adrelid))
        else format('r.%I', attname) end || ' as ' || quote_ident(attname), ', ' order by attnum)
      into here, images
      from pg_attribute a left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
      where a.attrelid = kind::regclass and a.attnum > 0 and not a.attisdropped;
    execute format('create view past.%I with (security_invoker) as
      select %s from (select distinct h.record_id from past.changed_since h where h.kind = %L) changed
      cross join lateral past.image(changed.record_id) h(record)
      cross join lateral json_populate_record(null::public.%I, h.record) r
      where h.record is not null', 'changed_' || kind, images, kind, kind);
    execute format('create view past.%I with (security_invoker) as
      select %s from public.%I r where not exists (%s) union all select %s from past.%I r',
      kind, here, kind, format(changed, 'r.id'), here, 'changed_' || kind);
    select every_text || format(
        ' union all select r.id, %1$L, %2$s, public.fold(%3$s), to_tsvector(''english'', public.fold(%3$s))
           from past.%4$I r',
        kind, split.arguments[1], split.arguments[2], 'changed_' || kind)
      into every_text
      from pg_trigger t, string_to_array(encode(t.tgargs, 'escape'), '\\000') split(arguments)
      where t.tgrelid = kind::regclass and t.tgname = 'search_insert';
    every_key := every_key
      || format(' union all select %L, unnest(r.keys), r.id from past.%I r', kind, 'changed_' || kind);
    for mirror in select string_to_array(encode(t.tgargs, 'escape'), '\\000') as arguments from pg_trigger t
        where t.tgrelid = kind::regclass and t.tgname like 'link\\_%\\_insert' loop
      mirrors := mirrors || jsonb_build_object(mirror.arguments[1], coalesce(mirrors ->> mirror.arguments[1],
        format('select m.%1$I, m.field, m.%2$I from public.%3$I m where not exists (%4$s)', mirror.arguments[2],
          mirror.arguments[3], mirror.arguments[1], format(changed, format('m.%I', mirror.arguments[2]))))
        || format(' union all select distinct r.id, %L, (link ->> ''id'')::uuid
          from past.%I r, jsonb_array_elements(r.%I) link',
          mirror.arguments[4], 'changed_' || kind, mirror.arguments[4]));
    end loop;
  end loop;
  for mirror in select key, value from jsonb_each_text(mirrors) loop
    execute format('create view past.%I with (security_invoker) as %s', mirror.key, mirror.value);
  end loop;
  execute format('create view past.findable with (security_invoker) as
    select s.record_id, s.kind, s.title, s.folded, s.words from public.findable s where not exists (%s) %s',
    format(changed, 's.record_id'), every_text);
  execute format('create view past.own_keys with (security_invoker) as
    select k.kind, k.key, k.record_id from public.own_keys k where not exists (%s) %s',
    format(changed, 'k.record_id'), every_key);
  grant usage on schema past to workplan_app;
  grant select on all tables in schema past to workplan_app;
end $$"""
# Since migration 0022: what was erased was never there. The past has no empty record in its place.
OF_KEPT = OF_IMAGES.replace(
    "and n.action not in ('delete', 'merge'));",
    "and n.salt is not null and n.action not in ('delete', 'merge'));",
)
# Since migration 0028: the newest change before is sought among the record's own, by a function that is not planned as
# part of anything else. The planner took the commits first, and read the whole of each: behind an import of 3 000 rows,
# 3 000 entries for each record that was changed after it.
OF_FENCED = OF_KEPT.replace(
    """  create view past.changed_before as select n.record_id, n.commit_number, n.ordinal, c.position
    from public.commits c join public.changes n on n.commit_number = c.number where c.position <= past.position();
""",
    """  create function past.newest(record uuid, out commit_number bigint, out ordinal integer)
    language sql stable parallel safe security definer begin atomic
    select n.commit_number, n.ordinal
      from (select * from public.changes where record_id = newest.record offset 0) n
      join public.commits c on c.number = n.commit_number
      where c.position <= past.position() order by c.position desc, n.ordinal desc limit 1;
  end;
""",
).replace(
    """(n.commit_number, n.ordinal) = (
        select k.commit_number, k.ordinal from past.changed_before k where k.record_id = image.record
        order by k.position desc, k.ordinal desc limit 1)
""",
    """(n.commit_number, n.ordinal) = (
        select k.commit_number, k.ordinal from past.newest(image.record) k)
""",
)
# Since migration 0055: schema `past_of_many` has the same views for statements that read many records. What a kind's
# changed records were, and to what they were linked, is asked once for each place in a statement, by functions whose
# rows are kept until it ends: written out, it was put together anew for every record beside which it was looked for,
# such as the events of each activity of a list.
_LINKED = """
        || format(' union all select distinct r.id, %L, (link ->> ''id'')::uuid
          from past.%I r, jsonb_array_elements(r.%I) link',
          mirror.arguments[4], 'changed_' || kind, mirror.arguments[4]));
"""
_LINKED_APART = """);
      links := links || jsonb_build_object(mirror.arguments[1],
        coalesce(links ->> mirror.arguments[1] || ' union all ', '')
        || format('select distinct r.id as %I, %L as field, (link ->> ''id'')::uuid as %I
          from past.%I r, jsonb_array_elements(r.%I) link', mirror.arguments[2], mirror.arguments[4],
          mirror.arguments[3], 'changed_' || kind, mirror.arguments[4]));
"""
_MIRRORS = """select key, value from jsonb_each_text(mirrors) loop
    execute format('create view past.%I with (security_invoker) as %s', mirror.key, mirror.value);
"""
_MIRRORS_APART = """select key, value, links ->> key as linked from jsonb_each_text(mirrors) loop
    execute format('create view past.%I with (security_invoker) as %s', 'changed_' || mirror.key, mirror.linked);
    execute format('create view past.%I with (security_invoker) as %s union all select * from past.%I', mirror.key,
      mirror.value, 'changed_' || mirror.key);
"""
_OF_MANY = """  create schema past_of_many;
  for mirror in select relname as name from pg_class
      where relnamespace = 'past'::regnamespace and relname like 'changed\\_%' and relname <> 'changed_since' loop
    execute format('create function past_of_many.%1$I() returns setof past.%1$I
      language plpgsql stable parallel safe cost 10000 as $changed$
      begin
        return query select * from past.%1$I;
      end $changed$', mirror.name);
  end loop;
  for mirror in select relname as name, regexp_replace(pg_get_viewdef(oid), 'past\\.(changed_(?!since)\\w+)',
      'past_of_many.\\1()', 'g') as text
      from pg_class where relnamespace = 'past'::regnamespace and relname not like 'changed\\_%' loop
    if mirror.text like '%past_of_many.%' then
      execute format('create view past_of_many.%I with (security_invoker) as %s', mirror.name, mirror.text);
    end if;
  end loop;
  grant usage on schema past_of_many to workplan_app;
  grant select on all tables in schema past_of_many to workplan_app;
"""
_LAST = "  grant usage on schema past to workplan_app;"
OF_MANY = instead(OF_FENCED, "  mirrors jsonb := '{}';", "  mirrors jsonb := '{}';\n  links jsonb := '{}';")
OF_MANY = instead(
    OF_MANY, "  drop schema if exists past cascade;", "  drop schema if exists past, past_of_many cascade;"
)
OF_MANY = instead(OF_MANY, _LINKED, _LINKED_APART)
OF_MANY = instead(OF_MANY, _MIRRORS, _MIRRORS_APART)
OF_MANY = instead(OF_MANY, _LAST, _OF_MANY + _LAST)
# Since migration 0070: titles as a search compares them.
OF_SPACED = instead(
    OF_MANY,
    "to_tsvector(''english'', public.fold(%3$s))\n",
    "to_tsvector(''english'', public.fold(%3$s)), '' '' || public.fold(%2$s) || '' ''\n",
)
OF_SPACED = instead(
    OF_SPACED,
    "s.title, s.folded, s.words from public.findable s",
    "s.title, s.folded, s.words, s.spaced_title from public.findable s",
)
FORGET_PAST_OF_MANY = "drop schema if exists past_of_many cascade"
