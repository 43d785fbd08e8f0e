"""verdicts go with their records

Revision: 0062, after 0061

Where two records were given to another country, what was decided about them stayed with the former one: it could be
changed there, as `permissions` said, and not by whose records they are.
"""

from alembic import op

revision = "0062"
down_revision = "0061"

_TABLES = ("activities", "events")
_FOLLOW = """create function follow_owner() returns trigger language plpgsql security definer
set search_path = public, pg_temp as $$
begin
  update overlap_verdicts d set owner = s.owner
  from overlap_verdicts v cross join lateral overlap_sight(v.overlap) s
  where v.id = d.id and strpos(v.overlap, new.id::text) > 0 and v.owner is distinct from s.owner;
  return null;
end $$"""


def upgrade() -> None:
    op.execute(_FOLLOW)
    for table in _TABLES:
        op.execute(f"""create trigger verdicts_follow after update of owner on {table} for each row
            when (old.owner is distinct from new.owner) execute function follow_owner()""")


def downgrade() -> None:
    for table in _TABLES:
        op.execute(f"drop trigger verdicts_follow on {table}")
    op.execute("drop function follow_owner()")
