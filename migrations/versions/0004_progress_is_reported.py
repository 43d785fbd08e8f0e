"""progress is reported

Revision: 0004, after 0003
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.past import FORGET_PAST, REMAKE_PAST
from migrations.triggers import kept, own_keys, recorded, searched, writable

revision = "0004"
down_revision = "0003"

_STATUSES = "'proposed', 'planned', 'ongoing', 'implemented', 'suspended', 'cancelled'"
_SEARCHED = {
    "progress_reports": (
        "coalesce(left(r.overview, 200), concat_ws(' ', 'Progress report', r.country))",
        "concat_ws(' ', r.country, r.overview)",
    ),
    "report_lines": (
        "left(coalesce(r.narrative, r.response), 200)",
        "concat_ws(' ', r.narrative, array_to_string(r.results, ' '), r.obstacles, r.next_steps)",
    ),
}

# What was handed in stays as it is, whoever asks: the tables hold it, not only the operations.
_MOVES = """create function keep_progress_report() returns trigger language plpgsql as $$
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
_LINES = """create function keep_report_line() returns trigger language plpgsql security definer
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


def upgrade() -> None:
    op.create_table(
        "progress_reports",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("consultation_id", sa.Uuid(), nullable=False),
        sa.Column("country", sa.Text(), nullable=True),
        sa.Column("organisation_id", sa.Uuid(), nullable=True),
        sa.Column("state", sa.Text(), server_default=sa.text("'open'"), nullable=False),
        sa.Column("state_since", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("return_reason", sa.Text(), nullable=True),
        sa.Column("overview", sa.Text(), nullable=True),
        *_closing(),
        sa.CheckConstraint(
            "(country is null) <> (organisation_id is null)", name=op.f("ck_progress_reports_reporter")
        ),
        sa.CheckConstraint("country ~ '^[A-Z]{2}$'", name=op.f("ck_progress_reports_country")),
        sa.CheckConstraint(
            "state in ('open', 'submitted', 'returned', 'accepted', 'frozen')",
            name=op.f("ck_progress_reports_state"),
        ),
        sa.CheckConstraint(
            "(state = 'returned') = (return_reason is not null)",
            name=op.f("ck_progress_reports_return_reason"),
        ),
        sa.ForeignKeyConstraint(
            ["consultation_id"], ["consultations.id"], name=op.f("fk_progress_reports_consultation_id")
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_progress_reports_organisation_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_progress_reports")),
        sa.UniqueConstraint(
            "consultation_id", "country", name=op.f("uq_progress_reports_consultation_id_country")
        ),
        sa.UniqueConstraint(
            "consultation_id",
            "organisation_id",
            name=op.f("uq_progress_reports_consultation_id_organisation_id"),
        ),
    )
    op.create_index(op.f("ix_progress_reports_organisation_id"), "progress_reports", ["organisation_id"])
    op.create_table(
        "report_lines",
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("report_id", sa.Uuid(), nullable=False),
        sa.Column("activity_id", sa.Uuid(), nullable=False),
        sa.Column("response", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=True),
        sa.Column("narrative", sa.Text(), nullable=True),
        sa.Column("results", sa.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("participants", sa.Integer(), nullable=True),
        sa.Column("obstacles", sa.Text(), nullable=True),
        sa.Column("next_steps", sa.Text(), nullable=True),
        sa.Column("funding", postgresql.JSONB(), server_default=sa.text("'[]'"), nullable=False),
        *_closing(),
        sa.CheckConstraint(
            "response in ('reported', 'nothing_to_report', 'not_reported', 'not_applicable')",
            name=op.f("ck_report_lines_response"),
        ),
        sa.CheckConstraint(
            "(response = 'reported') = (status is not null)", name=op.f("ck_report_lines_status_if_reported")
        ),
        sa.CheckConstraint(f"status in ({_STATUSES})", name=op.f("ck_report_lines_status")),
        sa.CheckConstraint(
            "response <> 'not_applicable' or narrative is not null", name=op.f("ck_report_lines_narrative")
        ),
        sa.CheckConstraint("participants >= 0", name=op.f("ck_report_lines_participants")),
        sa.ForeignKeyConstraint(
            ["report_id"], ["progress_reports.id"], name=op.f("fk_report_lines_report_id")
        ),
        sa.ForeignKeyConstraint(["activity_id"], ["activities.id"], name=op.f("fk_report_lines_activity_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_report_lines")),
        sa.UniqueConstraint("report_id", "activity_id", name=op.f("uq_report_lines_report_id_activity_id")),
    )
    op.create_index(op.f("ix_report_lines_activity_id"), "report_lines", ["activity_id"])
    for statement in [_MOVES, _LINES]:
        op.execute(statement)
    for table, words in _SEARCHED.items():
        for statement in [*kept(table), *recorded(table), *own_keys(table), *searched(table, *words)]:
            op.execute(statement)
    op.execute("""create trigger keep_moves before update or delete on progress_reports
        for each row execute function keep_progress_report()""")
    op.execute("""create trigger keep_settled before insert or update or delete on report_lines
        for each row execute function keep_report_line()""")
    for statement in [*writable([*_SEARCHED]), REMAKE_PAST]:
        op.execute(statement)


def downgrade() -> None:
    op.execute(FORGET_PAST)
    op.drop_table("report_lines")
    op.drop_table("progress_reports")
    op.execute("drop function keep_report_line()")
    op.execute("drop function keep_progress_report()")
    op.execute(REMAKE_PAST)


def _closing() -> list[sa.Column]:  # type: ignore[type-arg]
    return [
        sa.Column("keys", sa.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
    ]
