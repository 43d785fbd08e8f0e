"""overlaps are decided

Revision: 0026, after 0025
"""

import sqlalchemy as sa
from alembic import op

from migrations.guards import FORGET_GUARDS, hidden
from migrations.past import FORGET_PAST, REMAKE_PAST
from migrations.triggers import kept, own_keys, recorded, searched, writable

revision = "0026"
down_revision = "0025"

_TABLE = "overlap_verdicts"

# Whose a verdict about two records is, and who sees it: nobody learns of a record by what was decided about it.
_SIGHT = """create function overlap_sight(overlap text, out owner text, out visibility text)
language sql stable security definer set search_path = public, pg_temp as $$
with ids as (select unnest(string_to_array(overlap, ':'))::uuid as id),
owners as (select a.owner from activities a join ids using (id)
  union all select e.owner from events e join ids using (id))
select case when count(o.owner) = 2 and min(o.owner) = max(o.owner) then min(o.owner) end,
  coalesce((select min(h.visibility collate "C") from hidden_records h join ids on ids.id = h.record_id
    where h.visibility <> 'public'), 'public')
from owners o $$"""
_KEEP = """create function keep_overlap_verdict() returns trigger language plpgsql security definer
set search_path = public, pg_temp as $$
begin
  if current_setting('register.action', true) is distinct from 'restore' then
    new.titles := array(select s.title from search_texts s
      where s.record_id = any(string_to_array(new.overlap, ':')::uuid[]) order by s.record_id);
    new.decided_by := coalesce(nullif(current_setting('register.country', true), ''),
      nullif(current_setting('register.role', true), ''));
  end if;
  select * into new.owner, new.visibility from overlap_sight(new.overlap);
  return new;
end $$"""
_SHOW = """create function show_overlap_verdicts() returns trigger language plpgsql security definer
set search_path = public, pg_temp as $$
begin
  update overlap_verdicts d set owner = s.owner, visibility = s.visibility
  from overlap_verdicts v cross join lateral overlap_sight(v.overlap) s
  where v.id = d.id and strpos(v.overlap, new.record_id::text) > 0
    and (v.owner, v.visibility) is distinct from (s.owner, s.visibility);
  return null;
end $$"""


def upgrade() -> None:
    op.create_table(
        _TABLE,
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("overlap", sa.Text(), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("titles", sa.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.Column("owner", sa.Text(), nullable=True),
        sa.Column("visibility", sa.Text(), server_default=sa.text("'public'"), nullable=False),
        sa.Column("keys", sa.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("verdict in ('same', 'related', 'distinct')", name=op.f(f"ck_{_TABLE}_verdict")),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{_TABLE}")),
        sa.UniqueConstraint("overlap", name=op.f(f"uq_{_TABLE}_overlap")),
    )
    for statement in [
        _SIGHT,
        _KEEP,
        _SHOW,
        f"""create trigger keep_verdict before insert or update of overlap, verdict, reason on {_TABLE}
        for each row execute function keep_overlap_verdict()""",
        """create trigger show_overlap_verdicts after insert or update on hidden_records
        for each row execute function show_overlap_verdicts()""",
        *kept(_TABLE),
        *recorded(_TABLE),
        *own_keys(_TABLE),
        *searched(_TABLE, "left(r.reason, 200)", "concat_ws(' ', r.verdict, r.reason)"),
        *hidden(_TABLE, "owner"),
        *writable([_TABLE]),
        f"alter table {_TABLE} enable row level security",
        REMAKE_PAST,
    ]:
        op.execute(statement)


def downgrade() -> None:
    op.execute(FORGET_GUARDS)
    op.execute(FORGET_PAST)
    op.execute("drop trigger show_overlap_verdicts on hidden_records")
    op.drop_table(_TABLE)
    for function in ("show_overlap_verdicts()", "keep_overlap_verdict()", "overlap_sight(text)"):
        op.execute(f"drop function {function}")
    op.execute(REMAKE_PAST)
