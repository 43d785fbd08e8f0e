"""channels of persons bounce

Revision: 0037, after 0036
"""

import sqlalchemy as sa
from alembic import op

from migrations.past import FORGET_PAST, REMAKE_PAST

revision = "0037"
down_revision = "0036"

_COLUMNS = ("bounced", "phone_bounced")
# Another address has not bounced yet, whatever the former one did.
_FORGET = """create function forget_bounce() returns trigger language plpgsql as $$
begin
  if new.email is distinct from old.email then
    new.bounced := new.bounced and not old.bounced;
  end if;
  if new.phone is distinct from old.phone then
    new.phone_bounced := new.phone_bounced and not old.phone_bounced;
  end if;
  return new;
end $$"""


def upgrade() -> None:
    for column in _COLUMNS:
        op.add_column(
            "persons", sa.Column(column, sa.Boolean(), server_default=sa.text("false"), nullable=False)
        )
    op.execute(_FORGET)
    op.execute("""create trigger forget_bounce before update of email, phone on persons
        for each row execute function forget_bounce()""")
    op.execute(REMAKE_PAST)


def downgrade() -> None:
    op.execute(FORGET_PAST)
    op.execute("drop trigger forget_bounce on persons")
    op.execute("drop function forget_bounce()")
    for column in _COLUMNS:
        op.drop_column("persons", column)
    op.execute(REMAKE_PAST)
