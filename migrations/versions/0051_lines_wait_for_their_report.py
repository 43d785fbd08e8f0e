"""lines wait for their report

Revision: 0051, after 0050

A line was written behind a report that was being submitted: who looked at its state saw it open. And lines of a report
that had stayed open were written after the freeze, when nothing is reported any more.
"""

from alembic import op

revision = "0051"
down_revision = "0050"

# What shows or hides a line is its report. Of the reports only open ones are waited for: who accepts or returns a
# settled one comes to its lines afterwards.
_LINE = """create or replace function keep_report_line() returns trigger language plpgsql security definer
set search_path = public, pg_temp as $$
declare
  settled text;
  frozen timestamptz;
begin
  if tg_op <> 'UPDATE' or old.visibility = new.visibility then
    perform from progress_reports where id in (old.report_id, new.report_id) and state in ('open', 'returned')
      order by id for share;
    select state into settled from progress_reports
      where id in (old.report_id, new.report_id) and state not in ('open', 'returned') limit 1;
    if settled is not null then
      raise exception 'The report of this line is %: its lines can be changed when it is returned.', settled
        using errcode = 'WP409';
    end if;
    with held as (select frozen_at from consultations where id in (
        select consultation_id from progress_reports where id in (old.report_id, new.report_id)) order by id for share)
      select max(frozen_at) into frozen from held;
    if frozen is not null then
      raise exception 'The status report of this Consultation is frozen: nothing is reported to it any more.'
        using errcode = 'WP409';
    end if;
  end if;
  if tg_op <> 'DELETE' then
    select r.country, r.visibility into new.country, new.visibility from progress_reports r where r.id = new.report_id;
  end if;
  return coalesce(new, old);
end $$"""
_LINE_BEFORE = """create or replace function keep_report_line() returns trigger language plpgsql security definer
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
    op.execute(_LINE)


def downgrade() -> None:
    op.execute(_LINE_BEFORE)
