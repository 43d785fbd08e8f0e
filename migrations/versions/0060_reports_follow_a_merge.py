"""reports follow a merge

Revision: 0060, after 0059

A body that had reported, or a Consultation that was reported to, could not be merged into another: a report stays with
its Consultation and its reporter. It still does; they have another name now. What is frozen is said to be so first, as
nobody returns it any more, and a line is not brought back without its report.
"""

from alembic import op

from migrations.chain import instead

revision = "0060"
down_revision = "0059"

_FOLLOWS = """create function follows_merge(before uuid, after uuid) returns boolean
language sql stable set search_path = public, pg_temp
return before <> after and before::text = current_setting('register.merged', true)"""
_MOVES_BEFORE = """create or replace function keep_progress_report() returns trigger language plpgsql as $$
begin
  if tg_op = 'DELETE' then
    if old.state not in ('open', 'returned') then
      raise exception 'This report is %: it is not deleted any more.', old.state using errcode = 'WP409';
    end if;
    return old;
  end if;
  if (old.state, new.state) not in (('open', 'open'), ('returned', 'returned'), ('open', 'submitted'),
      ('returned', 'submitted'), ('submitted', 'returned'), ('submitted', 'accepted'), ('accepted', 'returned'),
      ('accepted', 'frozen')) then
    raise exception 'This report is %: it can be changed when it is returned.', old.state using errcode = 'WP409';
  end if;
  if (old.consultation_id, old.country, old.organisation_id)
      is distinct from (new.consultation_id, new.country, new.organisation_id) then
    raise exception 'A report stays with its Consultation and its reporter.' using errcode = 'WP409';
  end if;
  return new;
end $$"""
_MOVES = instead(
    _MOVES_BEFORE,
    "  if (old.state, new.state)",
    """  if follows_merge(old.consultation_id, new.consultation_id)
      or follows_merge(old.organisation_id, new.organisation_id) then
    return new;
  end if;
  if old.state = 'frozen' then
    raise exception 'This report is frozen: it stays as it is.' using errcode = 'WP409';
  end if;
  if (old.state, new.state)""",
)
_FREEZE_BEFORE = """create or replace function refuse_after_freeze() returns trigger language plpgsql security definer
set search_path = public, pg_temp as $$
declare
  frozen timestamptz;
begin
  if new.state <> 'frozen' then
    select frozen_at into frozen from consultations where id = new.consultation_id for share;
    if frozen is not null then
      raise exception 'The status report of this Consultation is frozen: nothing is reported to it any more.'
        using errcode = 'WP409';
    end if;
  end if;
  return new;
end $$"""
_FREEZE = instead(
    _FREEZE_BEFORE,
    "  if new.state <> 'frozen' then",
    """  if tg_op = 'UPDATE' and follows_merge(old.organisation_id, new.organisation_id) then
    return new;
  end if;
  if new.state <> 'frozen' then""",
)
_SETTLED = """    select state into settled from progress_reports
      where id in (old.report_id, new.report_id) and state not in ('open', 'returned') limit 1;
    if settled is not null then
      raise exception 'The report of this line is %: its lines can be changed when it is returned.', settled
        using errcode = 'WP409';
    end if;
"""
_FROZEN = """    with held as (select frozen_at from consultations where id in (
        select consultation_id from progress_reports where id in (old.report_id, new.report_id)) order by id for share)
      select max(frozen_at) into frozen from held;
    if frozen is not null then
      raise exception 'The status report of this Consultation is frozen: nothing is reported to it any more.'
        using errcode = 'WP409';
    end if;
"""
_LINE_BEFORE = f"""create or replace function keep_report_line() returns trigger language plpgsql security definer
set search_path = public, pg_temp as $$
declare
  settled text;
  frozen timestamptz;
begin
  if tg_op = 'UPDATE' and old.activity_id <> new.activity_id
      and old.activity_id::text = current_setting('register.merged', true) then
    return new;
  end if;
  if tg_op <> 'UPDATE' or old.visibility = new.visibility then
    perform from progress_reports where id in (old.report_id, new.report_id) and state in ('open', 'returned')
      order by id for share;
{_SETTLED}{_FROZEN}  end if;
  if tg_op <> 'DELETE' then
    select r.country, r.visibility into new.country, new.visibility from progress_reports r where r.id = new.report_id;
  end if;
  return coalesce(new, old);
end $$"""
# A report that is not there says nothing of who sees its line: the reference itself refuses the line then.
_LINE = instead(
    instead(
        instead(_LINE_BEFORE, _SETTLED + _FROZEN, _FROZEN + _SETTLED),
        """old.activity_id <> new.activity_id
      and old.activity_id::text = current_setting('register.merged', true) then""",
        "follows_merge(old.activity_id, new.activity_id) then",
    ),
    "r where r.id = new.report_id;\n",
    "r where r.id = new.report_id;\n    new.visibility := coalesce(new.visibility, 'own');\n",
)
# Triggers act in the order of their names: a report that was not accepted in time is not said to be returned some day.
_RENAME = """-- squawk-ignore-file renaming-object
alter trigger {} on progress_reports rename to {}"""


def upgrade() -> None:
    for statement in (
        _FOLLOWS,
        _MOVES,
        _FREEZE,
        _LINE,
        _RENAME.format("refuse_after_freeze", "after_freeze"),
    ):
        op.execute(statement)


def downgrade() -> None:
    for statement in (
        _MOVES_BEFORE,
        _FREEZE_BEFORE,
        _LINE_BEFORE,
        "drop function follows_merge(uuid, uuid)",
        _RENAME.format("after_freeze", "refuse_after_freeze"),
    ):
        op.execute(statement)
