"""countries that are named stay

Revision: 0065, after 0064

A country was deleted, or merged into another, while records named it by its code, to which nothing refers by a foreign
key: there may be codes without a country. Who names it is read from the code (`app/guards.py`), as are the policies.
"""

from alembic import op

revision = "0065"
down_revision = "0064"

_UNKNOWN = """create function is_referred(of_kind text, of_record uuid) returns boolean
language sql stable return false"""
_KEEP = """create function keep_named() returns trigger language plpgsql as $$
begin
  if is_referred(tg_table_name, old.id) then
    raise exception 'the code of this record is still referenced' using errcode = 'foreign_key_violation';
  end if;
  return old;
end $$"""


def upgrade() -> None:
    op.execute(_UNKNOWN)  # until the guards are made: those of a former version make none
    op.execute(_KEEP)
    op.execute("create trigger named before delete on countries for each row execute function keep_named()")


def downgrade() -> None:
    op.execute("drop trigger named on countries")
    op.execute("drop function keep_named()")
    op.execute("comment on view withheld is null")  # the guards are to be made anew
    op.execute("drop function is_referred(text, uuid)")
