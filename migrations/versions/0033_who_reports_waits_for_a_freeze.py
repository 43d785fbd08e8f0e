"""who reports waits for a freeze that is under way

Revision: 0033, after 0032

Whoever looked at the Consultation while it was being frozen saw it open, and wrote behind the report that was counted.
"""

from alembic import op

revision = "0033"
down_revision = "0032"

_REFUSE = """create or replace function refuse_after_freeze() returns trigger language plpgsql security definer
set search_path = public, pg_temp as $$
declare
  frozen timestamptz;
begin
  if new.state <> 'frozen' then
    select frozen_at into frozen from consultations where id = new.consultation_id{held};
    if frozen is not null then
      raise exception 'The status report of this Consultation is frozen: nothing is reported to it any more.'
        using errcode = 'WP409';
    end if;
  end if;
  return new;
end $$"""


def upgrade() -> None:
    op.execute(_REFUSE.format(held=" for share"))


def downgrade() -> None:
    op.execute(_REFUSE.format(held=""))
