"""status reports are frozen

Revision: 0008, after 0007
"""

import sqlalchemy as sa
from alembic import op

from migrations.past import FORGET_PAST, REMAKE_PAST
from migrations.triggers import APP_ROLE

revision = "0008"
down_revision = "0007"

# Without a search path of their own: read as of then, they see the countries of then.
_FUNCTIONS = [
    """create function consultation_day(last date, first date, period_end date) returns date language sql stable
return coalesce(last, first, period_end, today())""",
    """create function parties_on(day date) returns setof countries language sql stable as $$
select * from countries where side = 'japan' or side = 'asean' and asean_member_since <= day
  and (asean_member_until is null or asean_member_until >= day) $$""",
    """create function refuse_after_freeze() returns trigger language plpgsql security definer
set search_path = public, pg_temp as $$
begin
  if new.state <> 'frozen' and exists (
      select from consultations where id = new.consultation_id and frozen_at is not null) then
    raise exception 'The status report of this Consultation is frozen: nothing is reported to it any more.'
      using errcode = 'WP409';
  end if;
  return new;
end $$""",
    """create function refuse_frozen() returns trigger language plpgsql as $$
begin
  raise exception 'What was put before a Consultation stays as it is.' using errcode = 'WP409';
end $$""",
]
_TRIGGERS = [
    """create trigger refuse_after_freeze before insert or update on progress_reports
for each row execute function refuse_after_freeze()""",
    """create trigger keep_freeze before update on consultations for each row
when (old.frozen_at is not null and (old.frozen_at, old.report_hash, old.number)
  is distinct from (new.frozen_at, new.report_hash, new.number)) execute function refuse_frozen()""",
    """create trigger keep_frozen_consultation before delete on consultations for each row
when (old.frozen_at is not null) execute function refuse_frozen()""",
    """create trigger keep_frozen_report before update or delete or truncate on frozen_reports
for each statement execute function refuse_frozen()""",
    f"grant select, insert on frozen_reports to {APP_ROLE}",
]


def upgrade() -> None:
    op.add_column("consultations", sa.Column("frozen_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("consultations", sa.Column("report_hash", sa.Text(), nullable=True))
    op.create_table(
        "frozen_reports",
        sa.Column("consultation_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("frozen_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["consultation_id"],
            ["consultations.id"],
            name=op.f("fk_frozen_reports_consultation_id"),
            ondelete="restrict",
        ),
        sa.PrimaryKeyConstraint("consultation_id", name=op.f("pk_frozen_reports")),
    )
    for statement in [*_FUNCTIONS, *_TRIGGERS, REMAKE_PAST]:
        op.execute(statement)


def downgrade() -> None:
    op.execute(FORGET_PAST)
    for name in ("keep_freeze", "keep_frozen_consultation"):
        op.execute(f"drop trigger {name} on consultations")
    op.execute("drop trigger refuse_after_freeze on progress_reports")
    op.drop_table("frozen_reports")
    for name in (
        "refuse_frozen()",
        "refuse_after_freeze()",
        "parties_on(date)",
        "consultation_day(date, date, date)",
    ):
        op.execute(f"drop function {name}")
    op.drop_column("consultations", "report_hash")
    op.drop_column("consultations", "frozen_at")
    op.execute(REMAKE_PAST)
