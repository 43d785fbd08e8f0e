"""what is gone is found by its key, and what was merged by its old name

A record as of long ago is read by its own changes only, however many others there were since.

Revision: 0009, after 0008
"""

from alembic import op

from migrations.past import REMAKE, REMAKE_PAST

revision = "0009"
down_revision = "0008"

# A condition on the id goes down to the changes of that record.
_BY_RECORD = REMAKE.replace("then 'h.record_id'", "then 'changed.record_id'")


def upgrade() -> None:
    # The journal has few records that are gone, and the index is made while nobody writes.
    op.execute("""-- squawk-ignore require-concurrent-index-creation
create index ix_changes_gone on changes (kind, coalesce(record ->> 'code', record ->> 'number'))
where action in ('delete', 'merge')""")
    op.execute(_BY_RECORD.replace("create function remake_past", "create or replace function remake_past", 1))
    op.execute(REMAKE_PAST)


def downgrade() -> None:
    op.execute(REMAKE.replace("create function remake_past", "create or replace function remake_past", 1))
    op.execute(REMAKE_PAST)
    op.drop_index("ix_changes_gone", table_name="changes")
