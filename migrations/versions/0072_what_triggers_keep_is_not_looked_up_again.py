"""what triggers keep is not looked up again

Revision: 0072, after 0071

Rows that mirror a list of references are made by a trigger of their record, and now go by one, too. That their record
is there was looked up for each of them all the same: this foreign key still says what the column names, but is not
enforced. The other one, to what a reference names, is, as before.

Whether a record was ever hidden is looked up by its index. What looked it up could read all that ever were, each time.
"""

from alembic import op

from migrations.grouping import WRITE_GONE, WRITE_SHOWN
from migrations.guards import NOTE_BY_INDEX, NOTE_SELDOM

revision = "0072"
down_revision = "0071"

_EACH_LIST = r"""do $$
declare
  list record;
begin
  for list in
    select pg_get_triggerdef(t.oid) as made, t.tgrelid::regclass as kind, replace(t.tgname, 'insert', 'delete') as gone,
      k.mirrored[1] as through, concat_ws('_', 'fk', k.mirrored[1], k.mirrored[2]) as owner
    from pg_trigger t, lateral (select string_to_array(encode(t.tgargs, 'escape'), '\000') as mirrored) k
    where t.tgname ~ '^link_.*_insert$'
  loop
    «do»
  end loop;
end $$"""
_BY_TRIGGERS = """execute replace(replace(list.made, 'insert AFTER INSERT', 'delete AFTER DELETE'),
      'NEW TABLE AS new', 'OLD TABLE AS old');
    execute format('alter table %I alter constraint %I not enforced', list.through, list.owner);"""
_BY_THEIR_KEY = """execute format('alter table %I alter constraint %I enforced', list.through, list.owner);
    execute format('drop trigger %I on %s', list.gone, list.kind);"""


def upgrade() -> None:
    op.execute(NOTE_BY_INDEX)
    op.execute(WRITE_GONE)
    op.execute("select write_mirrors()")
    op.execute(_EACH_LIST.replace("«do»", _BY_TRIGGERS))


def downgrade() -> None:
    op.execute(_EACH_LIST.replace("«do»", _BY_THEIR_KEY))
    op.execute(WRITE_SHOWN)
    op.execute("select write_mirrors()")
    op.execute(NOTE_SELDOM)
