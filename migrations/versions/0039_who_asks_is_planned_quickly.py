"""who asks is planned quickly

Revision: 0039, after 0038

The functions that say for whom a caller speaks are called as functions. As SQL they were written out in every rule of
every table of a statement, which took most of the time to plan it: of a search 0.7 of 1.1 ms, of a page of the feed
4.6 of 7.7 ms.
"""

from alembic import op

from migrations.guards import SPEAKS, SPEAKS_FOR

revision = "0039"
down_revision = "0038"

_AS_FUNCTION = "language plpgsql stable parallel safe as $$ begin"
_SPEAKS = f"""create or replace function speaks(roles text[], scope text) returns boolean {_AS_FUNCTION}
  return coalesce(current_setting('register.role', true) = any (roles), false) and public.scoped(scope);
end $$"""
_SPEAKS_FOR = f"""create or replace function speaks_for(roles text[], scope text) returns text {_AS_FUNCTION}
  return case when public.speaks(roles, scope) then nullif(current_setting('register.country', true), '') end;
end $$"""


def upgrade() -> None:
    op.execute(_SPEAKS)
    op.execute(_SPEAKS_FOR)


def downgrade() -> None:
    for former in (SPEAKS, SPEAKS_FOR):
        op.execute(former.replace("create", "create or replace", 1))
