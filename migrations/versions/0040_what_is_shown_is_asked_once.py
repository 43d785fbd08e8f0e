"""what is shown is asked once

Revision: 0040, after 0039

What the caller may see of each kind is asked of a function, once a statement: views and policies that look whether a
record is withheld held the conditions of all kinds, which took half of the time to plan a search. The function is made
with the policies (`app/guards.py`).

A statement that looks for words is planned with the words: a plan that is kept for all words walks through all texts,
or sorts all of them, for some. What is written in plain letters folds by making them small, a tenth of the work.
"""

from alembic import op

from migrations.feed import VISIBLE
from migrations.functions import FOLD
from migrations.guards import WITHHELD_ALL

revision = "0040"
down_revision = "0039"

# Not in SQL: PostgreSQL would read it anew for each plan, only to see that it cannot be written out there.
_FOLD = r"""create or replace function fold(written text) returns text
language plpgsql immutable strict parallel safe as $$
begin
  if octet_length(written) = char_length(written) then
    return lower(written);
  end if;
  return lower(public.unaccent('public.unaccent'::regdictionary,
    translate(normalize(written, NFKC), U&'\200B\200C\200D\2060\00AD', '')));
end $$"""


def upgrade() -> None:
    op.execute(_FOLD)
    op.execute("alter function like_pattern(text) cost 1000000")  # of a plan that does not know the words


def downgrade() -> None:
    op.execute("alter function like_pattern(text) cost 100")
    op.execute(WITHHELD_ALL.replace("create view", "create or replace view", 1))
    op.execute(VISIBLE.replace("create function", "create or replace function", 1))
    op.execute("comment on view withheld is null")  # the guards are to be made anew
    op.execute("drop function if exists kinds_shown(text)")
    op.execute(FOLD.replace("create function", "create or replace function", 1))
