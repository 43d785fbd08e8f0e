"""Group commit: how several requests write in one transaction, since migration 0046.

Each has its own entry in the journal. A setting of the transaction, `register.requests`, says which request writes
which record, and why: `{"<record id>": ["<request id>", "<reason>"]}`. Every change is then the only one of its commit,
also where the transaction has begun one before; what would change beside these records is refused, since nobody could
say whose it is.
"""

from migrations.chain import instead
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
