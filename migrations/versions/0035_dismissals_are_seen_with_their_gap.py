"""dismissals are seen with their gap

Revision: 0035, after 0034
"""

import sqlalchemy as sa
from alembic import op

from migrations.guards import FORGET_GUARDS, hidden
from migrations.past import FORGET_PAST, REMAKE_PAST

revision = "0035"
down_revision = "0034"

_TABLE = "gap_dismissals"
_SUBJECT = "split_part(gap, ':', 2)"
_WORDS = "visibility in ('public', 'partners', 'own')"
# A register has few dismissals: what holds of a default needs no scan worth waiting for, nor does the index.
_IGNORED = """-- squawk-ignore-file constraint-missing-not-valid, require-concurrent-index-creation
-- squawk-ignore-file require-concurrent-index-deletion, ban-drop-column
select 1"""

# Nobody learns of a record by the reason for which it may have a gap.
_SIGHT = """create function gap_sight(subject text) returns text
language sql stable security definer set search_path = public, pg_temp as $$
select coalesce((select h.visibility from hidden_records h
  where h.record_id = case when pg_input_is_valid(subject, 'uuid') then subject::uuid end), 'public') $$"""
_KEEP = """create function keep_gap_dismissal() returns trigger language plpgsql security definer
set search_path = public, pg_temp as $$
begin
  new.visibility := gap_sight(split_part(new.gap, ':', 2));
  return new;
end $$"""
_SHOW = """create function show_gap_dismissals() returns trigger language plpgsql security definer
set search_path = public, pg_temp as $$
begin
  update gap_dismissals set visibility = new.visibility
    where split_part(gap, ':', 2) = new.record_id::text and visibility <> new.visibility;
  return null;
end $$"""


def upgrade() -> None:
    op.execute(_IGNORED)
    op.add_column(
        _TABLE, sa.Column("visibility", sa.Text(), server_default=sa.text("'public'"), nullable=False)
    )
    op.create_check_constraint(op.f(f"ck_{_TABLE}_visibility"), _TABLE, _WORDS)
    op.create_index(f"ix_{_TABLE}_subject", _TABLE, [sa.text(_SUBJECT)])
    for statement in [
        _SIGHT,
        _KEEP,
        _SHOW,
        f"""create trigger keep_dismissal before insert or update on {_TABLE}
        for each row execute function keep_gap_dismissal()""",
        """create trigger show_gap_dismissals after insert or update on hidden_records
        for each row execute function show_gap_dismissals()""",
        *hidden(_TABLE, "visibility"),  # they are the Secretariat's: no country keeps one to itself
        REMAKE_PAST,
        f"update {_TABLE} set visibility = 'own' where gap_sight({_SUBJECT}) <> 'public'",
    ]:
        op.execute(statement)


def downgrade() -> None:
    op.execute(FORGET_GUARDS)
    op.execute(FORGET_PAST)
    op.execute("drop trigger show_gap_dismissals on hidden_records")
    for event in ("insert", "update"):
        op.execute(f"drop trigger hidden_{event} on {_TABLE}")
    op.execute(f"drop trigger keep_dismissal on {_TABLE}")
    for function in ("show_gap_dismissals()", "keep_gap_dismissal()", "gap_sight(text)"):
        op.execute(f"drop function {function}")
    op.drop_index(f"ix_{_TABLE}_subject", _TABLE)
    op.drop_column(_TABLE, "visibility")
    op.execute(REMAKE_PAST)
