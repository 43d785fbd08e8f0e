"""focal points are confirmed

Revision: 0024, after 0023
"""

import sqlalchemy as sa
from alembic import op

from migrations.past import FORGET_PAST, REMAKE_PAST

revision = "0024"
down_revision = "0023"

# Who has the link of an entry has no key: they confirm the version that they were shown, and nothing else.
_CONFIRM = """create function confirm_focal_point(focal_point uuid, shown int) returns boolean
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  perform set_config('register.reason', 'Confirmed by its link.', true);
  update focal_points set verified_at = now(), verified_by = office ->> 'name', bounced = false
    where id = focal_point and version = shown and visibility = 'public';
  return found;
end $$"""
# A word in a file of many is enough: who is named in `confirmed_by` confirms the entry as the same write leaves it.
_CONFIRMED_BY = """create function note_confirmation() returns trigger language plpgsql as $$
begin
  new.verified_by := new.confirmed_by;
  new.verified_at := now();
  new.bounced := false;
  new.phone_bounced := false;
  new.confirmed_by := null;
  return new;
end $$"""


def upgrade() -> None:
    op.add_column(
        "focal_points",
        sa.Column("phone_bounced", sa.Boolean(), server_default=sa.text("false"), nullable=False),
    )
    op.add_column("focal_points", sa.Column("confirmed_by", sa.Text(), nullable=True))
    op.execute(_CONFIRM)
    op.execute(_CONFIRMED_BY)
    op.execute("""create trigger note_confirmation before insert or update on focal_points
        for each row when (new.confirmed_by is not null) execute function note_confirmation()""")
    op.execute(REMAKE_PAST)


def downgrade() -> None:
    op.execute(FORGET_PAST)
    op.execute("drop trigger note_confirmation on focal_points")
    for function in ("note_confirmation()", "confirm_focal_point(uuid, int)"):
        op.execute(f"drop function {function}")
    for column in ("confirmed_by", "phone_bounced"):
        op.drop_column("focal_points", column)
    op.execute(REMAKE_PAST)
