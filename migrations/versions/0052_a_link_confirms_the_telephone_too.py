"""a link confirms the telephone, too

Revision: 0052, after 0051
"""

from alembic import op

revision = "0052"
down_revision = "0051"

_CONFIRM = """create or replace function confirm_focal_point(focal_point uuid, shown int) returns boolean
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  perform set_config('register.reason', 'Confirmed by its link.', true);
  update focal_points set verified_at = now(), verified_by = office ->> 'name', bounced = false{ended}
    where id = focal_point and version = shown and visibility = 'public';
  return found;
end $$"""


def upgrade() -> None:
    op.execute(_CONFIRM.format(ended=", phone_bounced = false"))


def downgrade() -> None:
    op.execute(_CONFIRM.format(ended=""))
