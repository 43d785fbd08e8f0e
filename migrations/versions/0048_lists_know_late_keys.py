"""lists know late keys

Revision: 0048, after 0047

Who puts a record without a key into a list, while somebody gives it its key, learns the key: `spread_key` tells those
lists only that it sees. Before, such a list kept the id alone.
"""

from alembic import op

from migrations.triggers import knows_late_keys

revision = "0048"
down_revision = "0047"

_KEEP_KEYS_CURRENT = """create function keep_keys_current() returns trigger language plpgsql security definer
set search_path = public, pg_temp as $$
declare
  field text := tg_argv[0];
  target text := tg_argv[1];
  key text := tg_argv[2];
  known text;
begin
  for known in execute format(
    'select %1$I from %2$I where id in (
       select (link ->> ''id'')::uuid from jsonb_array_elements($1) link where link -> %1$L = ''null'')
     order by id for key share',  -- waits for who gives one, or lets them wait for us
    key, target) using to_jsonb(new) -> field
  loop
    if known is not null then
      raise exception 'A record in `%` has just been given its key.', field using errcode = 'serialization_failure';
    end if;
  end loop;
  return null;
end $$"""


def upgrade() -> None:
    op.execute(_KEEP_KEYS_CURRENT)
    for statement in knows_late_keys("events", "activities", "activities", "code"):
        op.execute(statement)


def downgrade() -> None:
    op.execute("drop function keep_keys_current() cascade")
