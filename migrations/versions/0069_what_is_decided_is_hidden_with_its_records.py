"""what is decided is hidden with its records

Revision: 0069, after 0068

A verdict or a dismissal that was made in the moment in which its record was hidden stayed public, with its reason; so
did a verdict both of whose records were changed at once: the one did not see the other.
"""

from collections.abc import Iterator

from alembic import op

revision = "0069"
down_revision = "0068"

_HEAD = """returns trigger language plpgsql security definer
set search_path = public, pg_temp as $$"""
# Who decides about records waits for those who just change them, and they for who decides. Names before `keep_…`.
_HOLD = f"""create function hold_records() {_HEAD}
declare
  ids constant uuid[] := array(select each::uuid from string_to_table(to_jsonb(new) ->> tg_argv[0], ':') each
    where pg_input_is_valid(each, 'uuid'));
begin
  perform from activities where id = any(ids) order by id for share;
  perform from events where id = any(ids) order by id for share;
  perform from focal_points where id = any(ids) order by id for share;
  return new;
end $$"""
_DECIDED = {"overlap_verdicts": "overlap", "gap_dismissals": "gap"}
# Who changes one record of a verdict holds it before looking at the other record.
_HELD = """  perform from overlap_verdicts where strpos(overlap, {}::text) > 0 order by id for update;
  if not found then
    return null;
  end if;
"""


def _following(held: str) -> Iterator[str]:
    yield f"""create or replace function show_overlap_verdicts() {_HEAD}
begin
{held.format("new.record_id")}  update overlap_verdicts d set owner = s.owner, visibility = s.visibility
  from overlap_verdicts v cross join lateral overlap_sight(v.overlap) s
  where v.id = d.id and strpos(v.overlap, new.record_id::text) > 0
    and (v.owner, v.visibility) is distinct from (s.owner, s.visibility);
  return null;
end $$"""
    yield f"""create or replace function follow_owner() {_HEAD}
begin
{held.format("new.id")}  update overlap_verdicts d set owner = s.owner
  from overlap_verdicts v cross join lateral overlap_sight(v.overlap) s
  where v.id = d.id and strpos(v.overlap, new.id::text) > 0 and v.owner is distinct from s.owner;
  return null;
end $$"""


def upgrade() -> None:
    op.execute(_HOLD)
    for table, column in _DECIDED.items():
        op.execute(f"""create trigger hold_records before insert on {table}
            for each row execute function hold_records('{column}')""")
    for function in _following(_HELD):
        op.execute(function)


def downgrade() -> None:
    for function in _following(""):
        op.execute(function)
    for table in _DECIDED:
        op.execute(f"drop trigger hold_records on {table}")
    op.execute("drop function hold_records()")
