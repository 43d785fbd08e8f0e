"""what a write costs is paid once

Revision: 0044, after 0043

Words and links are mirrored by functions written for their table, whose statements are planned once a connection. The
entry of a commit is written as it begins and as it ends, and not after each statement; what is sealed is counted then.
An Idempotency-Key is kept with its answer, in one row that is written once; until then a lock holds it.
"""

from alembic import op

from migrations.access import BEGIN_WRITE, HOLDER_OPENS
from migrations.chain import COUNTED, PLACE_COMMIT, RECORD_SYSTEMS, SETTLED, THIS_COUNTED, instead
from migrations.functions import AFTER_TABLES
from migrations.mirrors import UNWRITE_MIRRORS, WRITE_MIRRORS

revision = "0044"
down_revision = "0043"

_CLAIM = """  insert into idempotency_keys (caller_id, key, fingerprint) values (caller, idempotency_key, print)
    on conflict do nothing;
  if found then
    return;
  end if;
  replay := true;
"""
# Beside `begin_write`, which is called by versions of the service that still run while they are replaced.
_KEPT = "where k.caller_id = caller and k.key = idempotency_key;\n"
_OPEN_WRITE = instead(instead(BEGIN_WRITE, "begin_write", "open_write"), _CLAIM, "")
_OPEN_WRITE = instead(_OPEN_WRITE, _KEPT, f"{_KEPT}  replay := found;\n")
_OPEN_WRITE = instead(_OPEN_WRITE, "language plpgsql as", "language plpgsql set enable_seqscan = off as")
_THIS_COMMIT = next(each for each in AFTER_TABLES if "function this_commit()" in each)
_OPENS = HOLDER_OPENS.partition("return coalesce")[2]


def upgrade() -> None:
    for statement in (
        COUNTED,
        THIS_COUNTED,
        SETTLED,
        WRITE_MIRRORS,
        "select write_mirrors()",
        _OPEN_WRITE,
        f"""create or replace function key_opens(caller uuid) returns boolean
language plpgsql stable security definer set search_path = public, pg_temp as $$
begin
  return coalesce{_OPENS};
end $$""",
    ):
        op.execute(statement)


def downgrade() -> None:
    op.execute(HOLDER_OPENS)
    op.execute("drop function open_write")
    op.execute(UNWRITE_MIRRORS)
    op.execute("drop function write_mirrors()")
    op.execute(PLACE_COMMIT)
    op.execute(_THIS_COMMIT.replace("create function", "create or replace function", 1))
    op.execute(RECORD_SYSTEMS)
