"""what is gone is found by its key, and what was merged by its old name

A record as of long ago is read by its own changes only, however many others there were since.

Revision: 0012, after 0011
"""

from alembic import op

from migrations.past import REMAKE_PAST
from migrations.triggers import APP_ROLE
from migrations.walk import BESIDE_CHAIN, WALK_CHAIN

revision = "0012"
down_revision = "0011"

# The function as it is by now, with one name changed: a condition on the id goes down to the changes of that record.
_RENAMED = """do $do$
begin
  execute replace(pg_get_functiondef('remake_past()'::regprocedure), $$then '{}.record_id'$$, $$then '{}.record_id'$$);
end $do$"""


def upgrade() -> None:
    # The journal has few records that are gone, and the index is made while nobody writes.
    op.execute("""-- squawk-ignore require-concurrent-index-creation
create index ix_changes_gone on changes (kind, coalesce(record ->> 'code', record ->> 'number'))
where action in ('delete', 'merge')""")
    op.execute(
        "create view key_names as select id, name from api_keys"
    )  # for whoever may know who did something
    op.execute(f"grant select on key_names to {APP_ROLE}")
    op.execute(WALK_CHAIN)
    op.execute(BESIDE_CHAIN)
    op.execute(_RENAMED.format("h", "changed"))
    op.execute(REMAKE_PAST)


def downgrade() -> None:
    op.execute(_RENAMED.format("changed", "h"))
    op.execute(REMAKE_PAST)
    op.execute("drop function beside_chain()")
    op.execute("drop function walk_chain(bigint, bytea, timestamptz, int)")
    op.execute("drop view key_names")
    op.drop_index("ix_changes_gone", table_name="changes")
