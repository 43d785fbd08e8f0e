"""decisions are open again

Revision: 0061, after 0060

A Consultation at which decisions were closed could not be deleted, with `cascade` neither: an outcome is nothing
without the Consultation that closed the decision.
"""

from alembic import op

revision = "0061"
down_revision = "0060"

_REOPEN = """create function reopen_decision() returns trigger language plpgsql as $$
begin
  new.outcome := null;
  return new;
end $$"""
_TRIGGER = """create trigger reopen before update of closed_at_id on decisions for each row
when (old.closed_at_id is not null and new.closed_at_id is null) execute function reopen_decision()"""


def upgrade() -> None:
    for statement in (_REOPEN, _TRIGGER):
        op.execute(statement)


def downgrade() -> None:
    op.execute("drop trigger reopen on decisions")
    op.execute("drop function reopen_decision()")
