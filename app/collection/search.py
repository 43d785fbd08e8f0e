"""The words of every record, in one table kept by triggers: `q=` on lists and the search over all kinds.

Words find by stem (`trainings` finds `training`), trigrams find inside text without spaces; both ignore
case and accents.
"""

import re
import unicodedata
from uuid import UUID

from sqlalchemy import Computed, Index, Text, Uuid, and_, any_, bindparam, column, func, or_, select, table
from sqlalchemy.dialects.postgresql import ARRAY, TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.sql.elements import ColumnElement

from app.collection.projection import Row
from app.db import Base

_SPACED_TITLE = (
    "' ' || case when octet_length(title) = char_length(title) then lower(title) else fold(title) end || ' '"
)


class SearchText(Base):
    """What can be found of one record."""

    __tablename__ = "search_texts"
    __table_args__ = (
        Index("ix_search_texts_words", "words", postgresql_using="gin"),
        Index(
            "ix_search_texts_folded",
            "folded",
            postgresql_using="gin",
            postgresql_ops={"folded": "gin_trgm_ops"},
        ),
        Index("ix_search_texts_kind", "kind", "record_id"),
    )

    record_id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str]
    visibility: Mapped[str] = mapped_column(server_default="public")
    owner: Mapped[str | None]
    """The country to which the record belongs."""
    title: Mapped[str]
    spaced_title: Mapped[str] = mapped_column(Computed(_SPACED_TITLE, persisted=True))
    """The title as titles are compared with what is looked for: folded, between spaces."""
    words: Mapped[str] = mapped_column(TSVECTOR)
    folded: Mapped[str]
    """The longest is the last: what stands behind it is read from memory that nothing else needs."""


FINDABLE = table(
    "findable",
    column("record_id", Uuid),
    column("kind", Text),
    column("title", Text),
    column("folded", Text),
    column("words", TSVECTOR),
    column("spaced_title", Text),
)
"""Those of the texts whose records the caller sees: all of them that the service can read."""


def spaced(asked: str) -> bool:
    """Whether these words are of scripts that set words apart. None from Thai on in Unicode's order is taken for one,
    though some are: to look inside words at once only costs more.
    """
    if asked.isascii():
        return True
    letters = unicodedata.normalize("NFKD", asked)
    return not any(each >= "\u0e00" and unicodedata.category(each)[0] in "LM" for each in letters)


def in_trigrams(term: str) -> bool:
    """Whether the index of trigrams finds what has this inside. Of anything else it looks through all that it has."""
    return _TRIGRAM.search(term if term.isascii() else unicodedata.normalize("NFKC", term)) is not None


_TRIGRAM = re.compile(r"[^\W_]{3}")
_RARE = 1000
"""Hits of one kind at most that are looked up one by one."""


def matches(texts: Row, terms: int) -> ColumnElement[bool]:
    """All words by stem, or all of them somewhere inside."""
    return or_(by_stem(texts.c.words), inside(texts.c.folded, terms))


def by_stem(words: ColumnElement[str]) -> ColumnElement[bool]:
    """All words stand among these by their stem."""
    return words.bool_op("@@")(func.websearch_to_tsquery("english", func.fold(bindparam("q", type_=Text()))))


def inside(folded: ColumnElement[str], terms: int) -> ColumnElement[bool]:
    """All words stand somewhere inside a folded text."""
    patterns = (func.like_pattern(bindparam(f"t{number}", type_=Text())) for number in range(terms))
    return and_(*(folded.bool_op("like")(pattern) for pattern in patterns))


def search_condition(kind: str, row: Row, terms: int) -> ColumnElement[bool]:
    """The rows of a list that `q=` leaves."""
    texts = FINDABLE.alias()
    return row.c.id.in_(select(texts.c.record_id).where(texts.c.kind == kind, matches(texts, terms)))


def rare_and_common(kind: str, row: Row, terms: int) -> list[tuple[ColumnElement[bool], ColumnElement[bool]]]:
    """Two ways to the rows of a list that `q=` leaves, each with when it is the right one: those of rare words are
    looked up, those of common ones are met on the way through the list.

    Which is right is counted, since it cannot be guessed: PostgreSQL takes a word that it does not know for one that
    half a percent of the texts have, and went through a million events for one that none has.
    """
    texts = FINDABLE.alias()
    some = select(texts.c.record_id).where(texts.c.kind == kind, matches(texts, terms)).limit(_RARE + 1)
    hits = some.cte("found").prefix_with("materialized")
    number = select(func.count()).select_from(hits).scalar_subquery()
    ids = func.array(select(hits.c.record_id).scalar_subquery(), type_=ARRAY(Uuid))
    return [(row.c.id == any_(ids), number <= _RARE), (search_condition(kind, row, terms), number > _RARE)]
