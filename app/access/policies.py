"""Row-level security, as statements of the database: which rows the service's role sees and writes, and for whom.

Made from the page of roles (`permissions.MATRIX`) and from what collections declare. Who asks is a matter of settings
of the transaction; without any it is the public. Each condition on the caller is a sub-select, so that it is answered
once a statement, and only if a row is not public anyway.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from app.access.permissions import MATRIX, Permission, Reach
from app.access.scopes import scope_of
from app.db import APP_ROLE

SERVICE = "(select current_setting('register.role', true)) = 'service'"
"""The service's own work: housekeeping, jobs, deliveries."""
OF_KEY = "{} = (select nullif(current_setting('register.key', true), '')::uuid)"
"""Rows of the key that asks; the column is put in."""


@dataclass(frozen=True)
class Guarded:
    """A table of records: who sees and who writes its rows."""

    table: str
    collection: str
    """As in its address; for scopes."""
    owner: str | None = None
    """The country to which a row belongs, as SQL over the row. Without it, rows are the Secretariat's."""
    owner_of: str | None = None
    """The same of a row that is not written yet, where a trigger fills the owner in."""
    drafts: bool = False
    """Whether rows have a `visibility`; their owner is a column then."""
    reads: Permission = Permission.READ
    writes: Permission = Permission.EDIT
    shared: Permission = Permission.READ_SHARED
    """What one needs to see rows that are for partners."""

    def any_of(self, permission: Permission) -> str:
        """Whether the caller has the permission for the rows of all."""
        roles = _roles(permission, Reach.ANY)
        return f"(select speaks('{{{roles}}}', '{scope_of(permission, self.collection)}'))"

    def country_of(self, permission: Permission) -> str:
        """The country for whose rows the caller has the permission."""
        roles = _roles(permission, Reach.OWN)
        return f"(select speaks_for('{{{roles}}}', '{scope_of(permission, self.collection)}'))"

    def may(self, permission: Permission, owner: str | None) -> str:
        """Whether the caller has the permission for a row of an owner."""
        if owner is None or not _roles(permission, Reach.OWN):
            return self.any_of(permission)
        return f"({self.any_of(permission)} or {owner} = {self.country_of(permission)})"

    def seen(self) -> str:
        """Whether a row is seen, by its visibility and its owner."""
        if not self.drafts:
            return "true" if self.reads is Permission.READ else self.may(self.reads, self.owner)
        shared = self.any_of(self.shared)
        drafts = self.may(Permission.READ_DRAFTS, self.owner)
        return f"(visibility = 'public' or (visibility = 'partners' and {shared}) or {drafts})"

    def written(self) -> str:
        """Whether a row may be written."""
        return self.may(self.writes, self.owner)

    def policies(self) -> Iterator[str]:
        """The policies of the table."""
        yield from reading(self.table, self.seen())
        yield from writing(self.table, self.written())


def reading(table: str, condition: str) -> Iterator[str]:
    """Which rows are seen."""
    yield f"create policy seen on {table} for select to {APP_ROLE} using ({condition})"


def writing(table: str, condition: str, added: str = "true") -> Iterator[str]:
    """Which rows are written. What is seen and may not be written is no mistake of a statement: it finds nothing.

    `added`: what is asked of new rows beside that.
    """
    new = condition if added == "true" else f"({condition}) and ({added})"
    yield f"create policy added on {table} for insert to {APP_ROLE} with check ({new})"
    yield f"create policy changed on {table} for update to {APP_ROLE} using ({condition}) with check ({condition})"
    yield f"create policy deleted on {table} for delete to {APP_ROLE} using ({condition})"


def not_withheld(record: str) -> str:
    """That a record is not kept from the caller; for what stands beside it."""
    return f"not exists (select from withheld w where w.record_id = {record})"


def kinds_shown(guarded: Sequence[Guarded]) -> str:
    """The function that says of which kinds the caller sees rows that are for partners (`partners`), drafts of all
    countries (`any`), and drafts of the country that the caller speaks for (`own`). Whoever has no role sees none.

    A search is planned in half the time that it took with the same conditions, kind by kind, in the view. Not in SQL:
    PostgreSQL would read it anew for each plan, to see whether it can be written out there.
    """
    drafts = [each for each in guarded if each.drafts]
    shown = {
        "partners": [(each, each.any_of(each.shared)) for each in drafts],
        "any": [(each, each.any_of(Permission.READ_DRAFTS)) for each in drafts],
        "own": [
            (each, f"{each.country_of(Permission.READ_DRAFTS)} is not null") for each in drafts if each.owner
        ],
    }
    cases = " ".join(f"when '{which}' then {_kinds_where(conditions)}" for which, conditions in shown.items())
    return f"""create or replace function kinds_shown(which text) returns text[]
language plpgsql stable parallel safe as $$ begin
  if coalesce(current_setting('register.role', true), '') = '' then
    return '{{}}';
  end if;
  return case which {cases} end;
end $$"""


def _kinds_where(conditions: Iterable[tuple[Guarded, str]]) -> str:
    rows = ", ".join(f"('{each.table}', {condition})" for each, condition in conditions)
    return f"array(select s.kind from (values {rows}) as s (kind, shown) where s.shown)"  # noqa: S608


_SHOWN = """{visibility} = 'public'
  or ({visibility} = 'partners' and {kind} = any ((select kinds_shown('partners'))::text[]))
  or {kind} = any ((select kinds_shown('any'))::text[])
  or ({owner} = (select nullif(current_setting('register.country', true), ''))
      and {kind} = any ((select kinds_shown('own'))::text[]))"""
"""Whether the caller sees a record of a kind that has drafts."""
WITHHELD = f"""create or replace view withheld as
select h.record_id from hidden_records h
where not coalesce({_SHOWN.format(kind="h.kind", visibility="h.visibility", owner="h.owner")}, false)"""  # noqa: S608
"""The records that are kept from the caller: only their ids."""
FINDABLE = f"""create or replace view findable as
select s.record_id, s.kind, s.title, s.folded, s.words, s.spaced_title from search_texts s
where {_SHOWN.format(kind="s.kind", visibility="s.visibility", owner="s.owner")}"""  # noqa: S608
"""The words that the caller may find. They say by themselves who may: a search does not look its hits up elsewhere."""


def visible(guarded: Sequence[Guarded], key_told: str) -> str:
    """The function that says whether a record in the journal would have been seen as it was then."""
    kinds = ",".join(each.table for each in guarded if each.drafts)
    shown = _SHOWN.format(
        kind="kind",
        visibility="coalesce(record ->> 'visibility', 'public')",
        owner="owner_then(kind, record)",
    )
    return (
        "create or replace function visible(kind text, record json) returns boolean language sql stable parallel safe "
        f"return coalesce(case when kind = 'api_keys' then {key_told} when kind <> all ('{{{kinds}}}') then true "
        f"else {shown} end, false)"
    )


def owner_then(guarded: Sequence[Guarded]) -> str:
    """The function that says to which country a record in the journal belonged as it was then; null: to none."""
    cases = " ".join(f"when '{each.table}' then record ->> '{each.owner}'" for each in guarded if each.owner)
    return (
        "create or replace function owner_then(kind text, record json) returns text "
        f"language sql immutable parallel safe return case kind {cases} end"
    )


def keeps_all(persons: Guarded) -> str:
    """The function that says whether the caller keeps the persons of all countries."""
    return (
        "create or replace function keeps_all_persons() returns boolean language sql stable parallel safe "
        f"return {persons.any_of(persons.writes)}"
    )


TOLD = """create or replace view told as
select h.commit_number, h.ordinal, h.kind, h.record_id, h.version, seen.action,
  case when seen.action <> 'hide' then h.record end as record,
  case when h.survivor_id is not null and not exists (select from withheld w where w.record_id = h.survivor_id)
    then h.survivor_id end as survivor_id, h.system
from changes h cross join lateral (select case
  when h.kind <> 'api_keys' and not exists (select from once_hidden o where o.record_id = h.record_id) then h.action
  when visible(h.kind, h.record) and not exists (select from withheld w where w.record_id = h.record_id) then
    case when h.action <> 'update' or was.visible then h.action else 'create' end
  when h.action = 'update' and was.visible and not visible(h.kind, h.record) then 'hide' end as action
  from (select coalesce((select visible(b.kind, b.record) from changes b
    where b.record_id = h.record_id and b.version = h.version - 1 and b.kind = h.kind limit 1), true) as visible) was
  ) seen
where seen.action is not null and (h.salt is not null or h.action = 'delete')"""
"""The journal as the feed tells it: a record that the caller sees no more is told once, as `hide`, without content.

Of what was erased only the end is told."""


def _roles(permission: Permission, reach: Reach) -> str:
    return ",".join(sorted(role for role, reaches in MATRIX.items() if reaches.get(permission) is reach))
