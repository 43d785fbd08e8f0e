"""lines follow a merged activity

Revision: 0057, after 0056

An activity of which an accepted or frozen report speaks could not be merged into another, ever: lines of such reports
do not change any more. What they say stays as it was; only the activity has another name now.
"""

from alembic import op

from migrations.chain import instead

revision = "0057"
down_revision = "0056"

_LINE_BEFORE = """create or replace function keep_report_line() returns trigger language plpgsql security definer
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
_LINE = instead(
    _LINE_BEFORE,
    "begin\n",
    """begin
  if tg_op = 'UPDATE' and old.activity_id <> new.activity_id
      and old.activity_id::text = current_setting('register.merged', true) then
    return new;
  end if;
""",
)


def upgrade() -> None:
    op.execute(_LINE)


def downgrade() -> None:
    op.execute(_LINE_BEFORE)
