"""focal points are confirmed

Revision: 0023, after 0022
"""

import sqlalchemy as sa
from alembic import op

from migrations.past import FORGET_PAST, REMAKE_PAST

revision = "0023"
down_revision = "0022"

# Who has the link of an entry has no key: they confirm the version that they were shown, and nothing else.
_CONFIRM = """create function confirm_focal_point(focal_point uuid, shown int) returns boolean
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  perform set_config('register.reason', 'Confirmed by its link.', true);
  update focal_points set verified_at = now(), verified_by = office ->> 'name', bounced = false
    where id = focal_point and version = shown and visibility = 'public';
  return found;
end $$"""


def upgrade() -> None:
    op.add_column(
        "focal_points",
        sa.Column("phone_bounced", sa.Boolean(), server_default=sa.text("false"), nullable=False),
    )
    op.execute(_CONFIRM)
    op.execute(REMAKE_PAST)


def downgrade() -> None:
    op.execute(FORGET_PAST)
    op.execute("drop function confirm_focal_point(uuid, int)")
    op.drop_column("focal_points", "phone_bounced")
    op.execute(REMAKE_PAST)
