"""The words of every record, in one table kept by triggers: `q=` on lists and the search over all kinds.

Words find by stem (`trainings` finds `training`), trigrams find inside text without spaces; both ignore
case and accents.
"""

from uuid import UUID

from sqlalchemy import Index, Text, Uuid, and_, bindparam, column, func, or_, select, table
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.sql.elements import ColumnElement

from app.collection.projection import Row
from app.db import Base


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
    title: Mapped[str]
    folded: Mapped[str]
    words: Mapped[str] = mapped_column(TSVECTOR)


FINDABLE = table(
    "findable",
    column("record_id", Uuid),
    column("kind", Text),
    column("title", Text),
    column("folded", Text),
    column("words", TSVECTOR),
)
"""Those of the texts whose records the caller sees: all of them that the service can read."""


def matches(texts: Row, terms: int) -> ColumnElement[bool]:
    """All words by stem, or all of them somewhere inside."""
    words = func.websearch_to_tsquery("english", func.fold(bindparam("q", type_=Text())))
    return or_(texts.c.words.op("@@")(words), inside(texts.c.folded, terms))


def inside(folded: ColumnElement[str], terms: int) -> ColumnElement[bool]:
    """All words stand somewhere inside a folded text."""
    patterns = (func.like_pattern(bindparam(f"t{number}", type_=Text())) for number in range(terms))
    return and_(*(folded.op("like")(pattern) for pattern in patterns))


def search_condition(kind: str, row: Row, terms: int) -> ColumnElement[bool]:
    """The rows of a list that `q=` leaves."""
    texts = FINDABLE.alias()
    return row.c.id.in_(select(texts.c.record_id).where(texts.c.kind == kind, matches(texts, terms)))
