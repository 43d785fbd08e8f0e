"""How the plan is amended: the functions of the database, one statement each.

Concurrences are written, and amendments brought into force, by these functions alone. They belong to whoever owns the
tables and take their names from the schema that they were made in; the service's role may ask them, nothing more.
"""

_SAFE = "security definer set search_path = public, pg_temp"

# The exact text, as people read it: each line begins with a mark, and no value has lines of its own.
TEXT = """create function amendment_text(
  number int, title text, rationale text, effective_on date, changes jsonb) returns text
language sql stable set search_path = public, pg_temp
return concat_ws(chr(10),
  format('Amendment %s to the ASEAN-Japan Work Plan on Law and Justice', number),
  title,
  'Takes effect: ' || coalesce(to_char(effective_on, 'YYYY-MM-DD'), 'on the day on which both sides have concurred'),
  '> ' || replace(rationale, chr(10), chr(10) || '> '),
  (select string_agg(concat_ws(chr(10),
      '',
      concat_ws(' ', initcap(c ->> 'action'), c ->> 'kind', c ->> 'name', 'under ' || (c ->> 'under')),
      '- ' || (c #>> '{old,text}'),
      (select string_agg('  - ' || item, chr(10) order by at)
        from jsonb_array_elements_text(nullif(c -> 'old', 'null') -> 'sub_items') with ordinality listed(item, at)),
      '+ ' || (c #>> '{new,text}'),
      (select string_agg('  + ' || item, chr(10) order by at)
        from jsonb_array_elements_text(nullif(c -> 'new', 'null') -> 'sub_items') with ordinality listed(item, at))
    ), chr(10) order by place)
    from jsonb_array_elements(changes) with ordinality change(c, place))) || chr(10)"""

# What the plan says in one place now; null where it says nothing.
WORDING = """create function plan_wording(kind text, name text) returns jsonb
language sql stable set search_path = public, pg_temp
return case kind
  when 'goal' then (select jsonb_build_object('text', g.title, 'sub_items', g.sub_items)
    from goals g where g.number::text = name and g.retired_on is null)
  when 'activity' then (select jsonb_build_object('text', a.title, 'sub_items', a.sub_items)
    from activities a where a.code = name and a.origin = 'plan' and a.retired_on is null)
  when 'preamble' then (select jsonb_build_object('text', paragraph, 'sub_items', '[]'::jsonb)
    from plans p, unnest(p.preamble) with ordinality listed(paragraph, at) where at::text = name)
end"""

# A change that the plan has no place for: what is modified or retired has to be there, what is added must not, and its
# goal has to be.
MISPLACED = """create function has_misplaced_change(changes jsonb) returns boolean
language sql stable set search_path = public, pg_temp
return exists (select from jsonb_array_elements(changes) c
  where (plan_wording(c ->> 'kind', c ->> 'name') is null) = (c ->> 'action' <> 'add')
    or c ->> 'action' = 'add' and c ->> 'kind' = 'activity'
      and plan_wording('goal', c ->> 'under') is null and not changes @> jsonb_build_array(
        jsonb_build_object('action', 'add', 'kind', 'goal', 'name', c ->> 'under')))"""

# What holds of every row, whoever writes it; and what holds of a row that anybody but the owner of the table writes.
KEEP = """create function keep_amendment() returns trigger language plpgsql set search_path = public, pg_temp as $$
declare
  trusted constant boolean := current_user = (select pg_get_userbyid(relowner) from pg_class where oid = tg_relid);
  settled_apart constant text[] := '{keys,consultation_id,version,updated_at,text_hash}';
begin
  if tg_op = 'DELETE' then
    if old.state <> 'draft' then
      raise exception 'This amendment is %: it stays in the record. Withdraw it.', old.state using errcode = 'WP409';
    end if;
    return old;
  end if;
  if tg_op = 'INSERT' and not trusted then
    new.state := 'draft';
    new.concurrences := '[]';
    new.took_effect_on := null;
    new.closed_reason := null;
    new.visibility := 'own';
  end if;
  if tg_op = 'UPDATE' and not trusted then
    new.concurrences := old.concurrences;
    new.took_effect_on := old.took_effect_on;
    new.visibility := old.visibility;
    if old.state not in ('draft', 'tabled') and to_jsonb(new) - settled_apart
        <> to_jsonb(old) - settled_apart then
      raise exception 'This amendment is %: it stays as it is. Make another.', old.state using errcode = 'WP409';
    end if;
    if old.state <> new.state and (old.state, new.state) not in
        (('draft', 'tabled'), ('draft', 'withdrawn'), ('tabled', 'withdrawn'), ('tabled', 'lapsed')) then
      raise exception 'An amendment that is % does not become % so: both sides have to concur to its text.',
        old.state, new.state using errcode = 'WP409';
    end if;
  end if;
  if new.state in ('draft', 'tabled') then
    select jsonb_agg(case when c ->> 'action' = 'add' or jsonb_typeof(c -> 'old') = 'object' then c
        else c || jsonb_build_object('old', plan_wording(c ->> 'kind', c ->> 'name')) end order by place)
      into new.changes from jsonb_array_elements(new.changes) with ordinality change(c, place);
  end if;
  new.text_hash := 'sha256:' || encode(sha256(convert_to(
    amendment_text(new.number, new.title, new.rationale, new.effective_on, new.changes), 'UTF8')), 'hex');
  select coalesce(jsonb_agg(given order by given ->> 'side'), '[]') into new.concurrences
    from jsonb_array_elements(new.concurrences) given where given ->> 'text_hash' = new.text_hash;
  new.visibility := case new.state when 'concurred' then 'public' when 'in_force' then 'public'
    when 'tabled' then 'partners' else new.visibility end;
  return new;
end $$"""

# A side concurs: who it is, what opens its key says, and nobody else. The second concurrence brings it into force.
CONCUR = f"""create function concur(amendment uuid, read_hash text, secret text) returns void
language plpgsql {_SAFE} as $$
declare
  mine amendments;
  giver record;
begin
  select k.name, split_part(k.role, '_', 1) as side into giver
    from api_key_secrets s join api_keys k on k.id = s.key_id
    where s.digest = sha256(convert_to(secret, 'UTF8')) and coalesce(s.ends_at > now(), true)
      and k.role in ('asean_authority', 'japan_authority') and k.revoked_at is null
      and coalesce(k.expires_at > now(), true)
      and (k.scopes = '{{}}' or k.scopes && array['amendments:concur', 'amendments:*', '*:' || 'concur', '*:*']);
  if not found then
    raise exception 'This key does not speak for a side.' using errcode = 'WP409';
  end if;
  select * into mine from amendments where id = amendment for update;
  if mine.state is distinct from 'tabled' then
    raise exception 'A side concurs to an amendment that is tabled; this one is %.', mine.state using errcode = 'WP409';
  end if;
  if mine.text_hash <> read_hash then
    raise exception 'The text has changed since it was read: it is % now.', mine.text_hash using errcode = 'WP409';
  end if;
  perform check_wording(mine.changes);
  if mine.concurrences @> jsonb_build_array(jsonb_build_object('side', giver.side)) then
    return;
  end if;
  mine.concurrences := mine.concurrences || jsonb_build_array(jsonb_build_object(
    'side', giver.side, 'at', now(), 'by', giver.name, 'text_hash', mine.text_hash));
  if jsonb_array_length(mine.concurrences) < 2 then
    update amendments set concurrences = mine.concurrences where id = mine.id;
  elsif mine.effective_on > current_date then
    update amendments set concurrences = mine.concurrences, state = 'concurred', state_since = now() where id = mine.id;
  else
    perform bring_into_force(mine);
  end if;
end $$"""

CHECK_WORDING = """create function check_wording(changes jsonb) returns void
language plpgsql stable set search_path = public, pg_temp as $$
declare
  c jsonb;
begin
  for c in select * from jsonb_array_elements(changes) loop
    if coalesce(plan_wording(c ->> 'kind', c ->> 'name'), 'null') <> coalesce(c -> 'old', 'null') then
      raise exception 'The plan reads otherwise by now: % %. The amendment has to say what stands there.',
        c ->> 'kind', c ->> 'name' using errcode = 'WP409';
    end if;
  end loop;
end $$"""

# Only other functions of the owner ask this one.
BRING_INTO_FORCE = """create function bring_into_force(mine amendments) returns void
language plpgsql set search_path = public, pg_temp as $$
declare
  day constant date := coalesce(mine.effective_on, current_date);
  c jsonb;
  items text[];
begin
  if exists (select from amendments where took_effect_on > day) then
    raise exception 'An amendment that took effect after % is in force already: this one cannot come before it.', day
      using errcode = 'WP409';
  end if;
  perform check_wording(mine.changes);
  update amendments set concurrences = mine.concurrences, state = 'in_force', state_since = now(), took_effect_on = day
    where id = mine.id;
  for c in select * from jsonb_array_elements(mine.changes) loop
    items := array(select jsonb_array_elements_text(nullif(c -> 'new', 'null') -> 'sub_items'));
    case (c ->> 'action') || ' ' || (c ->> 'kind')
      when 'modify goal' then
        update goals set title = c #>> '{new,text}', sub_items = items where number::text = c ->> 'name';
      when 'modify activity' then
        update activities set title = c #>> '{new,text}', sub_items = items where code = c ->> 'name';
      when 'modify preamble' then
        update plans set preamble[(c ->> 'name')::int] = c #>> '{new,text}';
      when 'add goal' then
        insert into goals (number, title, sub_items, area_id) values ((c ->> 'name')::int, c #>> '{new,text}', items,
          (select id from areas where number::text = c ->> 'under'));
      when 'add activity' then
        insert into activities (code, origin, goal_id, title, sub_items) values (c ->> 'name', 'plan',
          (select id from goals where number::text = c ->> 'under'), c #>> '{new,text}', items);
      when 'retire activity' then
        update activities set retired_on = day where code = c ->> 'name';
      when 'retire goal' then
        update goals set retired_on = day where number::text = c ->> 'name';
    end case;
  end loop;
  if exists (select from goals g join activities a on a.goal_id = g.id
      where g.retired_on is not null and a.origin = 'plan' and a.retired_on is null) then
    raise exception 'A goal is retired together with the activities that the plan proposes for it.'
      using errcode = 'WP409';
  end if;
end $$"""

# Since migration 0049: one after the other, and the words stay as they are checked. The plan is locked first, then what
# is changed in it, each in the order of ids, so that two never wait for each other.
BRING_IN_TURN = BRING_INTO_FORCE.replace("create function", "create or replace function", 1).replace(
    """begin
  if exists""",
    """begin
  perform from plans order by id for no key update;
  perform from goals where number::text in (select each ->> 'name' from jsonb_array_elements(mine.changes) each
    where each ->> 'kind' = 'goal') order by id for no key update;
  perform from activities where code in (select each ->> 'name' from jsonb_array_elements(mine.changes) each
    where each ->> 'kind' = 'activity') order by id for no key update;
  if exists""",
    1,
)

# Those whose day has come. One that can take effect no more lapses, and says why.
ENACT_DUE = f"""create function enact_due_amendments() returns int language plpgsql {_SAFE} as $$
declare
  mine amendments;
  done int := 0;
begin
  for mine in select * from amendments where state = 'concurred' and effective_on <= current_date
      order by effective_on, number for update loop
    begin
      perform bring_into_force(mine);
    exception when sqlstate 'WP409' or integrity_constraint_violation then
      update amendments set state = 'lapsed', state_since = now(), closed_reason = sqlerrm where id = mine.id;
    end;
    done := done + 1;
  end loop;
  return done;
end $$"""

# Since migration 0050: the goal under which an activity is added is not retired by the same amendment, and the area
# under which a goal is added is there.
MISPLACED_UNDER = """create or replace function has_misplaced_change(changes jsonb) returns boolean
language sql stable set search_path = public, pg_temp
return exists (select from jsonb_array_elements(changes) c
  where (plan_wording(c ->> 'kind', c ->> 'name') is null) = (c ->> 'action' <> 'add')
    or c ->> 'action' = 'add' and case c ->> 'kind'
      when 'activity' then case when plan_wording('goal', c ->> 'under') is null
        then not changes @> jsonb_build_array(
          jsonb_build_object('action', 'add', 'kind', 'goal', 'name', c ->> 'under'))
        else changes @> jsonb_build_array(
          jsonb_build_object('action', 'retire', 'kind', 'goal', 'name', c ->> 'under')) end
      when 'goal' then c ->> 'under' is not null
        and not exists (select from areas a where a.number::text = c ->> 'under') end)"""
# The first code or number of what is added that belongs to something which the plan does not say: to what was retired,
# or to an activity of a country. That it is taken may be known of a draft, too: nobody else can have it.
TAKEN = f"""create function taken_place(changes jsonb) returns text language sql stable {_SAFE}
return (select c ->> 'name' from jsonb_array_elements(changes) with ordinality listed(c, place)
  where c ->> 'action' = 'add' and plan_wording(c ->> 'kind', c ->> 'name') is null and case c ->> 'kind'
    when 'goal' then exists (select from goals g where g.number::text = c ->> 'name')
    else exists (select from activities a where a.code = c ->> 'name') end
  order by place limit 1)"""
CHECK_PLACES = CHECK_WORDING.replace("create function", "create or replace function", 1).replace(
    """
end $$""",
    """
  if has_misplaced_change(changes) then
    raise exception 'What the amendment adds has no place in the plan: the goal or area that it names is not there.'
      using errcode = 'WP409';
  end if;
  if taken_place(changes) is not null then
    raise exception 'Another record has % already: the amendment has to give what it adds another code or number.',
      taken_place(changes) using errcode = 'WP409';
  end if;
end $$""",
    1,
)
GOALS_FIRST = BRING_IN_TURN.replace(
    "select * from jsonb_array_elements(mine.changes) loop",
    """select each from jsonb_array_elements(mine.changes) with ordinality listed(each, place)
      order by not each @> '{"action": "add", "kind": "goal"}', place loop""",
    1,
)
ENACT_IN_WORDS = ENACT_DUE.replace("create function", "create or replace function", 1).replace(
    "closed_reason = sqlerrm",
    """closed_reason = case sqlstate when 'WP409' then sqlerrm
        else 'The record does not take what the amendment changes: something stands against it by now.' end""",
    1,
)

# Since migration 0053: what would be refused to the second side is refused before: a day that is past for the plan, and
# a goal that would leave activities of the plan behind. Those may be drafts, which not everybody sees.
CHECK_DAY = """create function check_day(day date) returns void
language plpgsql stable set search_path = public, pg_temp as $$
begin
  if exists (select from amendments where took_effect_on > day) then
    raise exception 'An amendment that took effect after % is in force already: this one cannot come before it.', day
      using errcode = 'WP409';
  end if;
end $$"""
LEAVES = f"""create function leaves_activities(changes jsonb) returns boolean language sql stable {_SAFE}
return exists (select from jsonb_array_elements(changes) c
  join goals g on g.number::text = c ->> 'name' join activities a on a.goal_id = g.id
  where c @> '{{"action": "retire", "kind": "goal"}}' and a.origin = 'plan' and a.retired_on is null
    and not changes @> jsonb_build_array(
      jsonb_build_object('action', 'retire', 'kind', 'activity', 'name', a.code)))"""
CHECK_LEFT = CHECK_PLACES.replace(
    """
end $$""",
    """
  if leaves_activities(changes) then
    raise exception 'A goal is retired together with the activities that the plan proposes for it.'
      using errcode = 'WP409';
  end if;
end $$""",
    1,
)
CONCUR_IN_TIME = CONCUR.replace("create function", "create or replace function", 1).replace(
    "perform check_wording(mine.changes);",
    """perform check_wording(mine.changes);
  perform check_day(mine.effective_on);""",
    1,
)

# Since migration 0059: nothing is asked of goals that were retired before. An activity that was brought back under one,
# or entered there, stood against every amendment from then on.
RETIRED_BY_ITSELF = GOALS_FIRST.replace(
    "g.retired_on is not null and",
    """mine.changes @> jsonb_build_array(
        jsonb_build_object('action', 'retire', 'kind', 'goal', 'name', g.number::text)) and""",
    1,
)

# Since migration 0066: who just enters an activity under a goal that is retired is waited for, by its foreign key, and
# seen; who enters one from then on waits, and sees that it is retired.
RETIRED_ALONE = RETIRED_BY_ITSELF.replace(
    """for no key update;
  perform from goals""",
    """for no key update;
  perform from goals where number::text in (select each ->> 'name' from jsonb_array_elements(mine.changes) each
    where each @> '{"action": "retire", "kind": "goal"}') order by id for update;
  perform from goals""",
    1,
)

# Since migration 0068: so is who just makes an activity that stands under it one of the plan, by the activity itself.
RETIRED_WITH_ALL = RETIRED_ALONE.replace(
    """each ->> 'kind' = 'activity') order by id for no key update;""",
    """each ->> 'kind' = 'activity')
    or goal_id in (select g.id from goals g where mine.changes @> jsonb_build_array(
      jsonb_build_object('action', 'retire', 'kind', 'goal', 'name', g.number::text)))
    order by id for no key update;""",
    1,
)

# Since migration 0063: only who can withdraw it is told to.
KEEP_IN_THE_RECORD = KEEP.replace("create function", "create or replace function", 1).replace(
    "it stays in the record. Withdraw it.', old.state",
    "it stays in the record.%', old.state, case old.state when 'tabled' then ' Withdraw it.' else '' end",
    1,
)

# Since migration 0064: what both sides have concurred to is withdrawn, too, until its day comes; nothing else of it
# changes. Both have their concurrences in the record.
CHECK_COMING = """create function check_coming(day date) returns void
language plpgsql stable set search_path = public, pg_temp as $$
begin
  if day <= current_date then
    raise exception 'The day on which this amendment takes effect has come: %. It is not withdrawn any more.', day
      using errcode = 'WP409';
  end if;
end $$"""
KEEP_UNTIL_ITS_DAY = (
    KEEP_IN_THE_RECORD.replace("settled_apart constant text[]", "settled_apart text[]", 1)
    .replace(
        "    if old.state not in ('draft', 'tabled') and to_jsonb(new)",
        """    if (old.state, new.state) = ('concurred', 'withdrawn') then
      perform check_coming(old.effective_on);
      settled_apart := settled_apart || '{state,state_since,closed_reason}';
    end if;
    if old.state not in ('draft', 'tabled') and to_jsonb(new)""",
        1,
    )
    .replace("('tabled', 'lapsed'))", "('tabled', 'lapsed'),\n        ('concurred', 'withdrawn'))", 1)
    .replace(
        "case old.state when 'tabled' then",
        "case when old.state = 'tabled' or old.state = 'concurred' and old.effective_on > current_date then",
        1,
    )
)

FUNCTIONS = [
    TEXT,
    WORDING,
    MISPLACED,
    KEEP,
    CHECK_WORDING,
    BRING_INTO_FORCE,
    CONCUR,
    ENACT_DUE,
    "revoke execute on function bring_into_force(amendments) from public",
]
"""In the order in which they are made, once the tables are there."""
GONE = (
    "enact_due_amendments()",
    "concur(uuid, text, text)",
    "bring_into_force(amendments)",
    "check_wording(jsonb)",
    "keep_amendment()",
    "has_misplaced_change(jsonb)",
    "plan_wording(text, text)",
    "amendment_text(int, text, text, date, jsonb)",
)

# The service's role may say that an administrator asks, and so make keys; but not such that could concur or make others
# that could: those take an administrator's own secret, which the database looks at, as it does for a concurrence.
VOUCHED = f"""create function vouched() returns boolean language sql stable {_SAFE}
return exists (select from api_key_secrets s join api_keys k on k.id = s.key_id
  where s.digest = sha256(convert_to(current_setting('register.secret', true), 'UTF8'))
    and coalesce(s.ends_at > now(), true) and k.role = 'administrator' and k.revoked_at is null
    and coalesce(k.expires_at > now(), true))"""
GRAVE = f"""create function is_grave_key(key uuid) returns boolean language sql stable {_SAFE}
return exists (select from api_keys where id = key
  and role in ('administrator', 'asean_authority', 'japan_authority'))"""
GUARD_KEYS = """create function guard_grave_keys() returns trigger language plpgsql
set search_path = public, pg_temp as $$
declare
  grave boolean;
begin
  if tg_table_name = 'api_keys' then
    grave := new.role in ('administrator', 'asean_authority', 'japan_authority') or is_grave_key(new.id);
  else
    grave := is_grave_key(new.key_id) or tg_op = 'UPDATE' and is_grave_key(old.key_id);
  end if;
  -- An approver's keys are of one country, which these are not: row-level security refuses them, in its own words.
  if grave and current_user = 'workplan_app' and not vouched()
      and coalesce(current_setting('register.role', true), '') <> 'approver' then
    raise exception 'Keys of administrators and of the sides are made and changed with an administrator''s own key.'
      using errcode = 'WP409';
  end if;
  return new;
end $$"""
KEY_GUARDS = [
    VOUCHED,
    GRAVE,
    GUARD_KEYS,
    *(
        f"""create trigger guard_grave_keys before insert or update on {table}
        for each row execute function guard_grave_keys()"""
        for table in ("api_keys", "api_key_secrets")
    ),
]
