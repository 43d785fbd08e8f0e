"""Personal data: the database functions of migration 0022 that keep it, find it and erase it, one statement each.

A person is a record like others: the journal has images of it, whose digests are sealed, and which can be taken out.
What names a person elsewhere, by name, mail or telephone, is found in the journal, which has a copy of everything.
"""

KEEP_PERSON = """create function keep_person() returns trigger language plpgsql as $$
begin
  if new.sort_as is null
      or tg_op = 'UPDATE' and new.sort_as = old.sort_as and old.sort_as = coalesce(old.romanised, old.display) then
    new.sort_as := coalesce(new.romanised, new.display);
  end if;
  new.keep_until := coalesce(new.keep_until, (current_date + interval '2 years')::date);
  return new;
end $$"""

# The statistics of a column hold some of its values; of these none are kept. Who looks for a person is few.
NO_STATISTICS = [
    *(
        f"alter table persons alter column {column} set statistics 0"
        for column in ("display", "romanised", "sort_as", "title", "email", "phone", "held_for", "keys")
    ),
    "alter index ix_persons_display alter column 1 set statistics 0",
    "alter index ix_persons_sort_as alter column 1 set statistics 0",
    "alter table commits alter column reason set statistics 0",
    "alter table idempotency_keys alter column body set statistics 0",
    "alter table job_pieces alter column content set statistics 0",
]

# A person, and those that were merged into it.
SAME_PERSON = """create function same_person(person uuid) returns setof uuid
language sql stable security definer set search_path = public, pg_temp as $$
with recursive same(id) as (
  select person union select h.record_id from changes h join same on h.survivor_id = same.id where h.kind = 'persons')
select id from same
$$"""

# What one would look for, from all versions there were, as it stands in JSON. Two letters are found everywhere.
WORDS_OF_PERSON = """create function words_of_person(person uuid) returns text[]
language sql stable security definer set search_path = public, pg_temp as $$
select coalesce(array_agg(distinct substr(quoted, 2, length(quoted) - 2)), '{}')
from changes h
cross join lateral (values ('display'), ('romanised'), ('sort_as'), ('email'), ('phone')) field(name)
cross join lateral (select to_json(h.record ->> field.name)::text as quoted) said
where h.record_id in (select same_person(person)) and h.kind = 'persons' and octet_length(quoted) >= 6
$$"""

SAYS = """create function says(content text, words text[]) returns boolean language sql immutable parallel safe
return exists (select from unnest(words) word where strpos(content, word) > 0)"""

# Other records that say it: now, or only in what they were.
MENTIONS = """create function mentions_of_person(person uuid)
returns table (kind text, record_id uuid, now boolean)
language sql stable security definer set search_path = public, pg_temp as $$
select h.kind, h.record_id, bool_or(h.action not in ('delete', 'merge') and not exists (select from changes n
    where n.record_id = h.record_id and n.kind = h.kind
      and (n.version > h.version or n.version = h.version and n.action in ('delete', 'merge'))))
from changes h, words_of_person(person) words
where h.kind <> 'persons' and h.salt is not null and says(h.record::text, words)
group by h.kind, h.record_id
$$"""

# What is held beside records and their journal, and what of it names the person.
HELD_BESIDE = """create function held_beside(person uuid)
returns table (place text, held bigint)
language sql stable security definer set search_path = public, pg_temp as $$
with words as materialized (select words_of_person(person) || array(select id::text from same_person(person) id) as all)
select 'reasons of changes', count(*) from commits c, words where says(c.reason, words.all)
union all select 'answers kept for an Idempotency-Key', count(*) from idempotency_keys k, words
  where says(k.body, words.all)
union all select 'reports of jobs', count(*) from jobs j, words
  where says(j.report::text, words.all) or says(j.request::text, words.all)
union all select 'files of jobs', count(distinct p.job_id) from job_pieces p join jobs j on j.id = p.job_id, words
  where j.collection = 'persons'
    or exists (select from unnest(words.all) word where position(convert_to(word, 'UTF8') in p.content) > 0)
union all select 'times mail or telephone were revealed', count(*) from reveals r
  where r.person_id in (select same_person(person))
$$"""

# One transaction, and nothing of the person is left but that there was one, and that it was erased.
ERASE = """create function erase_person(person uuid) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  same constant uuid[] := array(select same_person(person));
  words constant text[] := words_of_person(person);
  named constant text[] := words || array(select id::text from unnest(same) id);
  said record;
begin
  for said in select * from mentions_of_person(person) m where not m.now loop
    update changes h set record = '{}', salt = null
      where h.record_id = said.record_id and h.kind = said.kind and h.salt is not null and says(h.record::text, words);
  end loop;
  update focal_points set person_id = null where person_id = any (same);
  delete from persons where id = any (same);
  update changes set record = '{}', salt = null where record_id = any (same) and kind = 'persons' and salt is not null;
  update commits set reason = null, salt = case when position is null then salt end where says(reason, words);
  update idempotency_keys set body = null, fingerprint = uuid_send(gen_random_uuid()) where says(body, named);
  delete from job_pieces p using jobs j where j.id = p.job_id and j.finished_at is not null
    and (j.collection = 'persons'
      or exists (select from unnest(words) word where position(convert_to(word, 'UTF8') in p.content) > 0));
  update jobs j set refused_type = null where refused_type is not null
    and not exists (select from job_pieces p where p.job_id = j.id);
  update jobs set report = null where says(report::text, named);
  update jobs set request = request - 'reason' where says(request ->> 'reason', words);
  delete from reveals where person_id = any (same);
  analyze search_texts;
  analyze own_keys;
end $$"""

# Those whose time is over, also of those that were deleted.
TO_ERASE = """create function persons_to_erase(most int) returns setof uuid
language sql stable security definer set search_path = public, pg_temp as $$
select id from (
  select id, keep_until from persons where keep_until < current_date
  union all select record_id, (record ->> 'keep_until')::date from changes
    where kind = 'persons' and action = 'delete' and salt is not null
      and (record ->> 'keep_until')::date < current_date and not exists (select from persons p where p.id = record_id)
) due order by keep_until, id limit most
$$"""

# Since migration 0034: files are found whole, in all ways in which a word is written in them, and so are the names that
# somebody gave to an Idempotency-Key.
#
# A word as it stands in JSON, in a text, and in CSV.
WRITTEN = """create function written(words text[]) returns text[] language sql immutable parallel safe
return array(select distinct form from unnest(words) word
  cross join lateral (select ('"' || word || '"')::json #>> '{}' as plain) said
  cross join lateral (values (word), (plain), (replace(plain, '"', '""'))) forms(form))"""

# Files that have one of the words, also where it goes from one piece into the next.
FILES_THAT_SAY = """create function files_that_say(words text[], of_part text) returns setof uuid
language sql stable security definer set search_path = public, pg_temp as $$
select distinct p.job_id from job_pieces p
left join job_pieces n on n.job_id = p.job_id and n.part = p.part and n.number = p.number + 1
cross join lateral (select p.content || coalesce(substring(n.content from 1 for 8192), '') as bytes) joined
where p.part = of_part
  and exists (select from unnest(words) word where position(convert_to(word, 'UTF8') in bytes) > 0)
$$"""

# Files that wait to be loaded, or just are, and name the person or may do so: what is compressed, in another charset
# or spelled by numbers of characters cannot be searched.
UNLOADED_FILES = """create function unloaded_files(person uuid) returns setof uuid
language sql stable security definer set search_path = public, pg_temp as $$
select j.id from jobs j where j.finished_at is null and (
  j.collection = 'persons'
  or j.request ->> 'media' not in ('application/json', 'application/x-ndjson', 'application/ndjson', 'text/csv')
  or coalesce(j.request ->> 'charset', 'utf-8') not in ('utf-8', 'utf8')
  or j.id in (select files_that_say(
    written(words_of_person(person)) || array(select id::text from same_person(person) id) || array['\\u'], 'file')))
$$"""

HELD_EVERYWHERE = """create or replace function held_beside(person uuid)
returns table (place text, held bigint)
language sql stable security definer set search_path = public, pg_temp as $$
with words as materialized (select written(words_of_person(person)) as said,
  written(words_of_person(person)) || array(select id::text from same_person(person) id) as all)
select 'reasons of changes', count(*) from commits c, words where says(c.reason, words.all)
union all select 'answers kept for an Idempotency-Key', count(*) from idempotency_keys k, words
  where says(k.body, words.all) or says(k.headers::text, words.all) or says(k.key, words.said)
union all select 'reports of jobs', count(*) from jobs j, words
  where says(j.report::text, words.all) or says(j.request::text, words.all)
union all select 'files of jobs', count(*) from (
  select p.job_id from job_pieces p join jobs j on j.id = p.job_id where j.collection = 'persons'
  union select files_that_say(words.all, part) from words, unnest(array['file', 'refused']) part) files
union all select 'times mail or telephone were revealed', count(*) from reveals r
  where r.person_id in (select same_person(person))
union all select 'frozen reports', count(*) from frozen_reports f, words where says(f.content, words.said)
$$"""

ERASE_EVERYWHERE = """create or replace function erase_person(person uuid) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  same constant uuid[] := array(select same_person(person));
  words constant text[] := words_of_person(person);
  forms constant text[] := written(words);
  named constant text[] := forms || array(select id::text from unnest(same) id);
  said record;
begin
  for said in select * from mentions_of_person(person) m where not m.now loop
    update changes h set record = '{}', salt = null
      where h.record_id = said.record_id and h.kind = said.kind and h.salt is not null and says(h.record::text, words);
  end loop;
  update focal_points set person_id = null where person_id = any (same);
  delete from persons where id = any (same);
  update changes set record = '{}', salt = null where record_id = any (same) and kind = 'persons' and salt is not null;
  update commits set reason = null, salt = case when position is null then salt end where says(reason, forms);
  update idempotency_keys set body = null, headers = null, fingerprint = uuid_send(gen_random_uuid())
    where says(body, named) or says(headers::text, named);
  update idempotency_keys set key = gen_random_uuid()::text where says(key, forms);
  delete from job_pieces p using jobs j where j.id = p.job_id and j.finished_at is not null
    and (j.collection = 'persons' or j.id in (select files_that_say(named, part)
      from unnest(array['file', 'refused']) part));
  update jobs j set refused_type = null where refused_type is not null
    and not exists (select from job_pieces p where p.job_id = j.id);
  update jobs set report = null where says(report::text, named);
  update jobs set request = request - 'reason' where says(request ->> 'reason', forms);
  update jobs set request = request - 'query' where finished_at is not null and says(request ->> 'query', forms);
  delete from reveals where person_id = any (same);
  analyze search_texts;
  analyze own_keys;
end $$"""

FUNCTIONS = [KEEP_PERSON, SAME_PERSON, WORDS_OF_PERSON, SAYS, MENTIONS, HELD_BESIDE, ERASE, TO_ERASE]

# Since migration 0036: words are what a ministry writes into an entry, so what is erased for them, and what is said of
# them, is its country's alone: records that were so then, and what is kept of its keys. What names the person by the id
# is reached everywhere. Who keeps all entries reaches everything. Which records are whose and who keeps all entries is
# made from the code, with the policies (`app/access/policies.py`).
OWNER_THEN = """create function owner_then(kind text, record json) returns text language sql immutable parallel safe
return null::text"""
KEEPS_ALL = """create function keeps_all_persons() returns boolean language sql stable parallel safe
return false"""

# The country within which an erasure stays; null: nowhere. Plain plpgsql, as what it asks is made anew at times.
REACH = """create function erasure_reach(person uuid) returns text
language plpgsql stable security definer set search_path = public, pg_temp as $$
begin
  return case when not keeps_all_persons() then coalesce((select h.record ->> 'country' from changes h
    where h.record_id = person and h.kind = 'persons' and h.salt is not null order by h.version desc limit 1), '') end;
end $$"""
KEY_WITHIN = """create function key_within(key uuid, reach text) returns boolean
language sql stable cost 1000 security definer set search_path = public, pg_temp as $$
select reach is null or exists (select from api_keys k where k.id = key and k.country = reach)
  or exists (select from token_holders h where h.id = key and h.country = reach)
$$"""
RECORD_WITHIN = """create function record_within(kind text, record json, reach text) returns boolean
language plpgsql stable cost 1000 set search_path = public, pg_temp as $$
begin
  return reach is null or coalesce(owner_then(kind, record) = reach, false);
end $$"""

MENTIONS_WITHIN = MENTIONS.replace(
    "record_id uuid, now boolean)", "record_id uuid, now boolean, within boolean)"
).replace(
    """n.action in ('delete', 'merge'))))
from changes h, words_of_person(person) words
""",
    """n.action in ('delete', 'merge')))),
  bool_or(record_within(h.kind, h.record, reach))
from changes h, words_of_person(person) words, erasure_reach(person) reach
""",
)

HELD_WITHIN = """create or replace function held_beside(person uuid)
returns table (place text, held bigint)
language sql stable security definer set search_path = public, pg_temp as $$
with same as (select array(select id::text from same_person(person) id) as ids),
words as materialized (select ids, written(words_of_person(person)) as said,
  written(words_of_person(person)) || ids as named, erasure_reach(person) as reach from same)
select 'reasons of changes', count(*) from commits c, words
  where says(c.reason, named) and (key_within(c.key_id, reach) or exists (select from changes h
    where h.commit_number = c.number and h.kind = 'persons' and h.record_id::text = any (ids)))
union all select 'answers kept for an Idempotency-Key', count(*) from idempotency_keys k, words
  where (says(k.body, named) or says(k.headers::text, named) or says(k.key, said))
    and (key_within(k.caller_id, reach) or says(k.body, ids) or says(k.headers::text, ids))
union all select 'reports of jobs', count(*) from jobs j, words
  where (says(j.report::text, named) or says(j.request::text, named))
    and (key_within(j.caller_id, reach) or says(j.report::text, ids) or says(j.request::text, ids))
union all select 'files of jobs', count(distinct f.id) from words cross join lateral (
  select p.job_id as id from job_pieces p join jobs j on j.id = p.job_id and j.collection = 'persons'
  union select files_that_say(named, part) from unnest(array['file', 'refused']) part) f
  join jobs j on j.id = f.id where key_within(j.caller_id, reach)
    or j.id in (select files_that_say(ids, part) from unnest(array['file', 'refused']) part)
union all select 'times mail or telephone were revealed', count(*) from reveals r
  where r.person_id in (select same_person(person))
union all select 'frozen reports', count(*) from frozen_reports f, words where says(f.content, said)
$$"""

# What cannot be searched counts, whoever sent it: that says nothing of what is in it.
UNLOADED_WITHIN = """create or replace function unloaded_files(person uuid) returns setof uuid
language sql stable security definer set search_path = public, pg_temp as $$
select j.id from jobs j, erasure_reach(person) reach where j.finished_at is null and (
  j.collection = 'persons'
  or j.request ->> 'media' not in ('application/json', 'application/x-ndjson', 'application/ndjson', 'text/csv')
  or coalesce(j.request ->> 'charset', 'utf-8') not in ('utf-8', 'utf8')
  or j.id in (select files_that_say(array(select id::text from same_person(person) id) || array['\\u'], 'file'))
  or key_within(j.caller_id, reach) and j.id in (select files_that_say(written(words_of_person(person)), 'file')))
$$"""

ERASE_WITHIN = """create or replace function erase_person(person uuid) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  reach constant text := erasure_reach(person);
  same constant uuid[] := array(select same_person(person));
  ids constant text[] := array(select id::text from unnest(same) id);
  words constant text[] := words_of_person(person);
  forms constant text[] := written(words);
  named constant text[] := forms || ids;
  said record;
begin
  for said in select * from mentions_of_person(person) m where m.within and not m.now loop
    update changes h set record = '{}', salt = null
      where h.record_id = said.record_id and h.kind = said.kind and h.salt is not null and says(h.record::text, words)
        and record_within(h.kind, h.record, reach);
  end loop;
  update focal_points set person_id = null where person_id = any (same);
  delete from persons where id = any (same);
  update changes set record = '{}', salt = null where record_id = any (same) and kind = 'persons' and salt is not null;
  update commits c set reason = null, salt = case when position is null then salt end
    where says(reason, forms) and (key_within(key_id, reach) or exists (select from changes h
      where h.commit_number = c.number and h.kind = 'persons' and h.record_id = any (same)));
  update idempotency_keys set body = null, headers = null, fingerprint = uuid_send(gen_random_uuid())
    where (says(body, named) or says(headers::text, named))
      and (key_within(caller_id, reach) or says(body, ids) or says(headers::text, ids));
  update idempotency_keys set key = gen_random_uuid()::text where says(key, forms) and key_within(caller_id, reach);
  delete from job_pieces p using jobs j where j.id = p.job_id and j.finished_at is not null
    and (j.collection = 'persons' or j.id in (select files_that_say(named, part)
      from unnest(array['file', 'refused']) part))
    and (key_within(j.caller_id, reach) or j.id in (select files_that_say(ids, part)
      from unnest(array['file', 'refused']) part));
  update jobs j set refused_type = null where refused_type is not null
    and not exists (select from job_pieces p where p.job_id = j.id);
  update jobs set report = null
    where says(report::text, named) and (key_within(caller_id, reach) or says(report::text, ids));
  update jobs set request = request - 'reason' where says(request ->> 'reason', forms) and key_within(caller_id, reach);
  update jobs set request = request - 'query'
    where finished_at is not null and says(request ->> 'query', forms) and key_within(caller_id, reach);
  delete from reveals where person_id = any (same);
  analyze search_texts;
  analyze own_keys;
end $$"""

# Since migration 0058. Who was deleted before is there once more for the erasure, so that the journal tells of it as of
# any other; where the entry was to be seen stays with it. And what was sent with accents apart from their letters is
# found where it is kept as it was sent.
ERASE_TOLD = ERASE_WITHIN.replace(
    "  delete from persons where",
    """  perform set_config('register.action', 'restore', true);
  insert into persons (id, country, display, visibility, version)
    select person, record ->> 'country', '-', record ->> 'visibility', version + 1 from changes
    where record_id = person and kind = 'persons' and action = 'delete' and salt is not null
      and not exists (select from persons p where p.id = person) order by version desc limit 1;
  perform set_config('register.action', '', true);
  delete from persons where""",
)
WRITTEN_BOTH_WAYS = WRITTEN.replace("create", "create or replace", 1).replace(
    "(replace(plain, '\"', '\"\"'))) forms(form))",
    """(replace(plain, '"', '""'))) composed(letters)
  cross join lateral (values (letters), (normalize(letters, NFD))) forms(form))""",
)
