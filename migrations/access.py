"""Who asks and whether they may: the database functions of migration 0006, one statement each."""

# Opens a write: says who is writing, and claims the Idempotency-Key in the same transaction.
BEGIN_WRITE = """create function begin_write(
  context jsonb, idempotency_key text, print bytea,
  out refused boolean, out busy boolean, out replay boolean, out same boolean, out status int, out headers jsonb,
  out body text)
language plpgsql as $$
declare
  caller constant uuid := nullif(context ->> 'register.key', '');
begin
  perform set_config(name, value, true) from jsonb_each_text(context) setting(name, value)
    where name like 'register.%';
  refused := not key_opens(caller);
  busy := false;
  replay := false;
  if idempotency_key is null or refused then
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
end $$"""

_KEY = """table (
  id uuid, role text, country text, body_id uuid, scopes text[], networks text[], require_if_match boolean,
  revoked boolean, expired boolean, rotated boolean, ends_at timestamptz, ends_soon boolean, used_today boolean)
language sql stable security definer set search_path = public, pg_temp"""
_COLUMNS = """k.id, k.role, k.country, k.body_id, k.scopes, k.networks::text[], k.require_if_match,
    k.revoked_at is not null, coalesce(k.expires_at <= now(), false)"""
# Before anybody is known: what a secret opens, by the database's clock. Only who has the secret can ask.
KEY_OF = f"""create function key_of(secret bytea) returns {_KEY}
begin atomic
  select {_COLUMNS}, coalesce(s.ends_at <= now(), false),
    least(k.expires_at, s.ends_at), coalesce(least(k.expires_at, s.ends_at) < now() + interval '14 days', false),
    s.last_used_on is not distinct from current_date
  from api_key_secrets s join api_keys k on k.id = s.key_id where s.digest = secret;
end"""
# For what is done later in the name of who asked for it.
KEY_KNOWN = f"""create function key_known(caller uuid) returns {_KEY}
begin atomic
  select {_COLUMNS}, false, k.expires_at, false, true from api_keys k where k.id = caller;
end"""
KEY_USED = """create function key_used(secret bytea) returns void
language sql security definer set search_path = public, pg_temp
begin atomic
  update api_key_secrets set last_used_on = current_date
    where digest = secret and last_used_on is distinct from current_date;
end"""
# Since migration 0030: whoever has a secret can end its key, as who has found it in a place where it should not be.
KEY_ENDED = """create function key_ended(secret bytea) returns boolean language plpgsql security definer
set search_path = public, pg_temp as $$
begin
  update api_keys k set revoked_at = now() from api_key_secrets s
    where s.digest = secret and k.id = s.key_id and k.revoked_at is null;
  return found;
end $$"""
# Who writes is looked up once more in the transaction of the write. Callers who have no key of ours have none to lose.
KEY_OPENS = """create function key_opens(caller uuid) returns boolean
language sql stable security definer set search_path = public, pg_temp
return coalesce((select k.revoked_at is null and (k.expires_at is null or k.expires_at > now())
  from api_keys k where k.id = caller), true)"""

# Whoever has a bearer token of a trusted issuer is known by an id of ours, so that what is done in their name later
# has somebody; for a month after their last token, as nobody tells us when an issuer drops somebody.
HOLDER = """create function token_holder(wanted bytea) returns table (
  id uuid, client text, role text, country text, body text, scopes text[], body_id uuid, seen_today boolean)
language sql stable security definer set search_path = public, pg_temp
begin atomic
  select h.id, h.client, h.role, h.country, (select o.code from organisations o where o.id = h.body_id), h.scopes,
    h.body_id, h.seen_on = current_date
  from token_holders h where h.subject = wanted;
end"""
NOTE_HOLDER = """create function note_token_holder(
  subject bytea, client text, role text, country text, body text, scopes text[]) returns void
language sql security definer set search_path = public, pg_temp
begin atomic
  insert into token_holders as h (subject, name, client, role, country, body_id, scopes)
    values ($1, 'oidc:' || coalesce($2, left(encode($1, 'hex'), 16)), $2, $3, $4,
      (select o.id from organisations o where o.code = $5), $6)
    on conflict on constraint uq_token_holders_subject do update set name = excluded.name, client = excluded.client,
      role = excluded.role, country = excluded.country, body_id = excluded.body_id, scopes = excluded.scopes,
      seen_on = current_date;
end"""
_KNOWN_STILL = "h.seen_on > current_date - 30"
HOLDER_KNOWN = f"""create or replace function key_known(caller uuid) returns {_KEY}
begin atomic
  select {_COLUMNS}, false, k.expires_at, false, true from api_keys k where k.id = caller
  union all
  select h.id, h.role, h.country, h.body_id, h.scopes, '{{}}'::text[], false, false, not ({_KNOWN_STILL}), false,
    null::timestamptz, false, true
  from token_holders h where h.id = caller;
end"""
HOLDER_OPENS = f"""create or replace function key_opens(caller uuid) returns boolean
language sql stable security definer set search_path = public, pg_temp
return coalesce((select k.revoked_at is null and (k.expires_at is null or k.expires_at > now())
  from api_keys k where k.id = caller), (select {_KNOWN_STILL} from token_holders h where h.id = caller), true)"""
