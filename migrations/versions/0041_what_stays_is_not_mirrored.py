"""what stays is not mirrored

Revision: 0041, after 0040

Most writes change no list of references and are of a public record. Triggers find that out by a statement whose plan is
kept, and have nothing to do then; before, each planned one or two statements that did nothing.
"""

from alembic import op

from migrations.functions import MIRROR_LINKS, SPARE_LINKS
from migrations.guards import NOTE_HIDDEN

revision = "0041"
down_revision = "0040"

_HIDDEN = "r.visibility <> 'public' or exists (select from hidden_records h where h.record_id = r.id)"
# By its index, also where it held nothing when that was planned.
_NOTE_HIDDEN = f"""create or replace function note_hidden() returns trigger language plpgsql security definer
set search_path = public, pg_temp set enable_seqscan = off as $$
begin
  perform from new_rows r where {_HIDDEN} limit 1;
  if found then
    execute format($sql$insert into hidden_records (record_id, kind, owner, visibility)
      select r.id, %L, r.%I, r.visibility from new_rows r where {_HIDDEN}
      on conflict (record_id) do update set owner = excluded.owner, visibility = excluded.visibility$sql$,
      tg_table_name, tg_argv[0]);
  end if;
  return null;
end $$"""


def upgrade() -> None:
    op.execute(_NOTE_HIDDEN)
    op.execute(SPARE_LINKS)


def downgrade() -> None:
    for former in (NOTE_HIDDEN, MIRROR_LINKS):
        op.execute(former.replace("create function", "create or replace function", 1))
