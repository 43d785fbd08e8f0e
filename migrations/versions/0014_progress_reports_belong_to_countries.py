"""progress reports belong to countries

Revision: 0014, after 0013
"""

import sqlalchemy as sa
from alembic import op

from migrations.guards import FORGET_GUARDS, hidden
from migrations.past import FORGET_PAST, REMAKE_PAST

revision = "0014"
down_revision = "0013"

_TABLES = ("progress_reports", "report_lines")

# What is not accepted yet is its country's own; its lines go with it, each as a change that followers of the feed see.
_REPORT = """create function show_progress_report() returns trigger language plpgsql as $$
begin
  new.visibility := case when new.state in ('accepted', 'frozen') then 'public' else 'own' end;
  return new;
end $$"""
_SPREAD = """create function show_report_lines() returns trigger language plpgsql security definer
set search_path = public, pg_temp as $$
begin
  update report_lines set visibility = new.visibility where report_id = new.id and visibility <> new.visibility;
  return null;
end $$"""
_LINE = """create or replace function keep_report_line() returns trigger language plpgsql security definer
set search_path = public, pg_temp as $$
declare
  settled text := (select state from progress_reports
    where id in (old.report_id, new.report_id) and state not in ('open', 'returned') limit 1);
begin
  if settled is not null and (tg_op <> 'UPDATE' or old.visibility = new.visibility) then
    raise exception 'The report of this line is %: its lines can be changed when it is returned.', settled
      using errcode = 'WP409';
  end if;
  if tg_op <> 'DELETE' then
    select r.country, r.visibility into new.country, new.visibility from progress_reports r where r.id = new.report_id;
  end if;
  return coalesce(new, old);
end $$"""


def upgrade() -> None:
    for table in _TABLES:
        op.add_column(
            table, sa.Column("visibility", sa.Text(), server_default=sa.text("'own'"), nullable=False)
        )
    op.add_column("report_lines", sa.Column("country", sa.Text(), nullable=True))
    for statement in [_REPORT, _SPREAD, _LINE]:
        op.execute(statement)
    op.execute("""create trigger show_progress_report before insert or update on progress_reports
        for each row execute function show_progress_report()""")
    op.execute("""create trigger show_report_lines after update on progress_reports
        for each row when (old.visibility <> new.visibility) execute function show_report_lines()""")
    for table in _TABLES:
        for statement in hidden(table, "country"):
            op.execute(statement)
    op.execute(REMAKE_PAST)


def downgrade() -> None:
    op.execute(FORGET_GUARDS)
    op.execute(FORGET_PAST)
    for table in _TABLES:
        for event in ("insert", "update"):
            op.execute(f"drop trigger hidden_{event} on {table}")
    op.execute("drop trigger show_report_lines on progress_reports")
    op.execute("drop trigger show_progress_report on progress_reports")
    op.execute("drop function show_report_lines()")
    op.execute("drop function show_progress_report()")
    op.execute(_LINE_BEFORE)
    op.drop_column("report_lines", "country")
    for table in _TABLES:
        op.drop_column(table, "visibility")
    op.execute(REMAKE_PAST)


_LINE_BEFORE = """create or replace function keep_report_line() returns trigger language plpgsql security definer
set search_path = public, pg_temp as $$
declare
  settled text := (select state from progress_reports
    where id in (old.report_id, new.report_id) and state not in ('open', 'returned') limit 1);
begin
  if settled is not null then
    raise exception 'The report of this line is %: its lines can be changed when it is returned.', settled
      using errcode = 'WP409';
  end if;
  return coalesce(new, old);
end $$"""
