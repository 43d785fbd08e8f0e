"""lists know late keys

Revision: 0048, after 0047

Who links an event to an activity without a code, while somebody gives it its code, learns the code: `spread_key` tells
those lists only that it sees. Before, such a list kept the id alone; now whatever writes it brings it up to date.
"""

from alembic import op

revision = "0048"
down_revision = "0047"

# The lock waits for who gives a code, or lets them wait until this list is there to be told.
_LEARN_CODES = """create function learn_codes() returns trigger language plpgsql security definer
set search_path = public, pg_temp as $$
begin
  with held as materialized (
    select id, code from activities where id in (
      select (link ->> 'id')::uuid from jsonb_array_elements(new.activities) link where link -> 'code' = 'null')
    order by id for key share)
  select jsonb_agg(case when held.code is null then link else link || jsonb_build_object('code', held.code) end
    order by place)
  into new.activities
  from jsonb_array_elements(new.activities) with ordinality listed(link, place)
  left join held on held.id = (link ->> 'id')::uuid and link -> 'code' = 'null';
  return new;
end $$"""


def upgrade() -> None:
    op.execute(_LEARN_CODES)
    op.execute("""create trigger learn_codes before insert or update of activities on events
        for each row when (new.activities @? '$[*] ? (@.code == null)') execute function learn_codes()""")


def downgrade() -> None:
    op.execute("drop trigger learn_codes on events")
    op.execute("drop function learn_codes()")
