"""Who sees and writes what, for every table that the service's role is granted: one page, applied after migrations.

Records are guarded as their collections declare; what stands beside them is seen with them.
"""

import hashlib
from collections.abc import Iterator

from sqlalchemy import Table

from app.access.permissions import Permission
from app.access.policies import (
    FINDABLE,
    OF_KEY,
    SERVICE,
    TOLD,
    WITHHELD,
    Guarded,
    keeps_all,
    kinds_shown,
    not_withheld,
    owner_then,
    reading,
    visible,
    writing,
)
from app.collection.referring import is_referred
from app.db import APP_ROLE
from app.persons.queries import PERSONS
from app.search.queries import SEARCHED
from app.tables import METADATA

RECORDS: tuple[Guarded, ...] = tuple(each.guard for each in SEARCHED.values())
_KEYS = Guarded("api_keys", "keys", owner="country", writes=Permission.ADMINISTER)
_OF_THE_COUNTRY = f"""body_id is null or {_KEYS.any_of(Permission.ADMINISTER)} or exists (
  select from organisations o where o.id = body_id and o.country = {_KEYS.country_of(Permission.ADMINISTER)})"""
"""The body of a new key: those of one body share their webhooks."""
_COLLEAGUE = """owner_body_id = (select nullif(current_setting('register.body', true), '')::uuid) and exists (
  select from key_known(owner_id) k where k.role = (select current_setting('register.role', true))
    and coalesce(k.country, '') = (select current_setting('register.country', true))
    and (select current_setting('register.scopes', true)) in ('', array_to_string(k.scopes, ' ')))"""
"""A key of the owner's body, role and country without narrower scopes: a webhook is told what its owner sees."""
_JOB = f"exists (select from jobs j where j.id = job_id and ({SERVICE} or {OF_KEY.format('j.caller_id')}))"
_KEY_TOLD = f"""({Guarded("changes", "keys").any_of(Permission.AUDIT)}
  or {_KEYS.may(Permission.ADMINISTER, "record ->> 'country'")})"""
"""Who is told of a change of a key, by the key as it was then: auditors, and who administers it."""


def policies() -> Iterator[str]:
    """The policies of every table."""
    for each in RECORDS:
        yield from each.policies()
    for mirror, record in _mirrors():
        yield from reading(mirror, not_withheld(f"{mirror}.{record}"))
    yield from reading("own_keys", not_withheld("own_keys.record_id"))
    yield from reading("journal_head", "true")
    yield from reading("commits", "true")
    yield from reading("changes", _changes_seen())
    yield from reading("installation", SERVICE)
    yield from reading("frozen_reports", "true")
    freezes = Guarded("frozen_reports", "consultations").any_of(Permission.FREEZE)
    yield f"create policy added on frozen_reports for insert to {APP_ROLE} with check ({freezes})"
    yield from reading("frozen_files", "true")
    yield f"create policy added on frozen_files for insert to {APP_ROLE} with check ({SERVICE})"
    administered = _KEYS.written()
    yield from reading("api_keys", f"{administered} or {OF_KEY.format('id')}")
    yield from writing("api_keys", administered, added=_OF_THE_COUNTRY)
    yield from reading("token_holders", f"{administered} or {OF_KEY.format('id')}")
    yield from (*reading("spent_quotas", SERVICE), *writing("spent_quotas", SERVICE))
    secret = f"exists (select from api_keys where id = key_id and {administered})"
    yield from (*reading("api_key_secrets", secret), *writing("api_key_secrets", secret))
    answer = f"{SERVICE} or {OF_KEY.format('caller_id')}"
    yield from (*reading("idempotency_keys", answer), *writing("idempotency_keys", answer))
    job = f"{answer} or {_KEYS.any_of(Permission.ADMINISTER)}"
    yield from (*reading("jobs", job), *writing("jobs", job))
    webhook = (
        f"{SERVICE} or {OF_KEY.format('owner_id')} or {_KEYS.any_of(Permission.ADMINISTER)} or {_COLLEAGUE}"
    )
    yield from (*reading("webhooks", webhook), *writing("webhooks", webhook))
    people = Guarded("persons", "persons", owner="p.country")
    of_person = f"exists (select from persons p where p.id = person_id and {people.written()})"
    yield from reading("reveals", of_person)
    yield f"create policy added on reveals for insert to {APP_ROLE} with check ({OF_KEY.format('key_id')})"
    for table in ("webhook_lanes", "webhook_deliveries"):  # with the webhook that they are of
        of_webhook = f"exists (select from webhooks w where w.id = {table}.webhook_id)"
        yield from (*reading(table, of_webhook), *writing(table, of_webhook))
    yield from (*reading("job_pieces", _JOB), *writing("job_pieces", _JOB))


def statements() -> Iterator[str]:
    """All that makes the guards what this code says, whatever they were."""
    made = list(policies())
    yield from _views()
    yield _FORGET
    yield from (f"alter table {table} enable row level security" for table in _tables(made))
    yield from made
    yield f"comment on view withheld is '{digest()}'"


def digest() -> str:
    """What tells these guards from others."""
    text = "\n".join([*_views(), *policies()])
    return hashlib.sha256(text.encode()).hexdigest()


KNOWN = "select obj_description('withheld'::regclass)"
"""The digest of the guards that a database has."""
_FORGET = """do $$
declare
  found record;
begin
  for found in select policyname, tablename from pg_policies where schemaname = 'public' loop
    execute format('drop policy %I on public.%I', found.policyname, found.tablename);
  end loop;
end $$"""


def _views() -> tuple[str, ...]:
    owned, seen = owner_then((*RECORDS, _KEYS)), visible(RECORDS, _KEY_TOLD)
    referred = is_referred(each.table for each in SEARCHED.values())
    return kinds_shown(RECORDS), WITHHELD, FINDABLE, owned, seen, TOLD, keeps_all(PERSONS.guard), referred


def _tables(made: list[str]) -> list[str]:
    return list(dict.fromkeys(each.split(" on ")[1].split()[0] for each in made))


def _mirrors() -> Iterator[tuple[str, str]]:
    """Tables that mirror lists of records, and their column that names the record."""
    for table in METADATA.sorted_tables:
        if "mirrors" in table.info:
            yield table.name, _owner(table)


def _owner(mirror: Table) -> str:
    return next(key.parent.name for key in mirror.foreign_keys if key.ondelete is not None)


def _changes_seen() -> str:
    """A change is seen if the record is, now or when it was last there, and was seen as it was then."""
    once = "exists (select from once_hidden o where o.record_id = changes.record_id)"
    seen = f"{not_withheld('changes.record_id')} and (not {once} or visible(kind, record))"
    return f"case when kind = 'api_keys' then {_KEY_TOLD} else {seen} end"
