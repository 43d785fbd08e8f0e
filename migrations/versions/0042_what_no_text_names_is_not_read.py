"""what no text names is not read

Revision: 0042, after 0041

Most changes of one record touch nothing that search knows of it. The trigger finds that out by a statement whose plan
is kept: a field that differs matters only if the texts of its kind name it. Before, it planned at each change how to
write search texts, and wrote none. In the same way an empty list of a new record is not mirrored.
"""

from alembic import op

from migrations.functions import MIRROR_LINKS, MIRROR_SEARCH_TEXT, SPARE_LINKS

revision = "0042"
down_revision = "0041"

# Of one record only: to take many to pieces would cost more than to plan.
_MIRROR_SEARCH_TEXT = MIRROR_SEARCH_TEXT.replace("create function", "create or replace function", 1).replace(
    """begin
""",
    """  before jsonb;
begin
  if tg_op = 'UPDATE' then
    if (select count(*) from (select from new_rows limit 2) few) = 1 then
      select to_jsonb(o) into before from old_rows o;
      perform from new_rows n, jsonb_each(to_jsonb(n)) field
        where field.value <> before -> field.key
          and strpos(concat_ws(' ', tg_argv[0], tg_argv[1]), 'r.' || field.key) > 0;
      if not found then
        return null;
      end if;
    end if;
  end if;
""",
    1,
)
_MIRROR_LINKS = MIRROR_LINKS.replace("create function", "create or replace function", 1).replace(
    """begin
""",
    """  before jsonb := '[]';
begin
  if (select count(*) from (select from new_rows limit 2) few) = 1 then
    if tg_op = 'UPDATE' then
      select to_jsonb(o) -> field into before from old_rows o;
    end if;
    if (select to_jsonb(n) -> field from new_rows n) = before then
      return null;
    end if;
  end if;
""",
    1,
)


def upgrade() -> None:
    op.execute(_MIRROR_SEARCH_TEXT)
    op.execute(_MIRROR_LINKS)


def downgrade() -> None:
    op.execute(SPARE_LINKS)
    op.execute(MIRROR_SEARCH_TEXT.replace("create function", "create or replace function", 1))
