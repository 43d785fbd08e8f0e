"""The journal: every change ever made, written by the database's own triggers (migration 0001).

Rows of `changes` are written with the data; their place in the feed is that of their transaction, and a
transaction gets its place as the last thing before it commits, from the one row of `journal_head`. So
positions are in commit order and have no holes (docs/decisions/0006).

Every commit is sealed: its hash is of the hash before it and of the digests of its changes (migration 0002).
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Identity,
    Index,
    Table,
    Uuid,
    and_,
    case,
    column,
    select,
    table,
    text,
)
from sqlalchemy.dialects.postgresql import BYTEA, JSON
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.sql.elements import ColumnElement

from app.db import Base


class JournalHead(Base):
    """One row: the position of the newest change, and when it was committed."""

    __tablename__ = "journal_head"
    __table_args__ = (CheckConstraint("only_row", name="only_row"), {"postgresql_with": {"fillfactor": 50}})

    only_row: Mapped[bool] = mapped_column(Boolean, primary_key=True, server_default=text("true"))
    position: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    hash: Mapped[bytes] = mapped_column(BYTEA, server_default=text("sha256('')"))
    """Of the newest commit: whoever keeps a copy can prove later that nothing before it was rewritten."""


class Commit(Base):
    """A transaction that changed records: who asked for it, why, and its place in the feed."""

    __tablename__ = "commits"

    number: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    position: Mapped[int | None] = mapped_column(BigInteger, unique=True)
    """Of the last of its changes; the first is `position - changes + 1`."""
    changes: Mapped[int] = mapped_column(server_default=text("0"))
    at: Mapped[datetime | None] = mapped_column(index=True)
    key_id: Mapped[UUID | None]
    request_id: Mapped[str | None]
    reason: Mapped[str | None]
    database_role: Mapped[str] = mapped_column(server_default=text("session_user"))
    salt: Mapped[bytes | None] = mapped_column(BYTEA, server_default=text("uuid_send(gen_random_uuid())"))
    """Null once the reason was erased."""
    digest: Mapped[bytes | None] = mapped_column(BYTEA)
    """SHA-256 of the salt and the reason."""
    hash: Mapped[bytes | None] = mapped_column(BYTEA)


class Change(Base):
    """One record as a transaction left it, or, for `delete` and `merge`, as it last was."""

    __tablename__ = "changes"
    __table_args__ = (
        CheckConstraint("action in ('create', 'update', 'delete', 'restore', 'merge')", name="action"),
        CheckConstraint("(action = 'merge') = (survivor_id is not null)", name="survivor_id"),
        Index("ix_changes_record", "record_id", "version"),
        Index(
            "ix_changes_gone",
            "kind",
            text("coalesce(record ->> 'code', record ->> 'number')"),
            postgresql_where=text("action in ('delete', 'merge')"),
        ),
        Index("ix_changes_merged", "kind", "record_id", postgresql_where=text("action = 'merge'")),
    )

    commit_number: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    ordinal: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]
    record_id: Mapped[UUID]
    version: Mapped[int]
    action: Mapped[str]
    record: Mapped[Any] = mapped_column(JSON)
    salt: Mapped[bytes | None] = mapped_column(BYTEA)
    """Null once the record was erased: the digest then says nothing about it any more."""
    digest: Mapped[bytes] = mapped_column(BYTEA)
    """SHA-256 of the salt and the record as text."""
    survivor_id: Mapped[UUID | None]
    """Into which record this one was merged."""
    system: Mapped[str | None]
    """The system by whose own key the record was written."""


class Installation(Base):
    """One row: who this register is, and the secret that signs its cursors."""

    __tablename__ = "installation"
    __table_args__ = (CheckConstraint("only_row", name="only_row"),)

    only_row: Mapped[bool] = mapped_column(Boolean, primary_key=True, server_default=text("true"))
    id: Mapped[UUID] = mapped_column(server_default=text("gen_random_uuid()"))
    secret: Mapped[bytes] = mapped_column(
        BYTEA,
        server_default=text(
            "decode(replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', ''), 'hex')"
        ),
    )


JOURNAL_HEAD: Table = JournalHead.__table__  # type: ignore[assignment]
VERSION_OF_DATA = JOURNAL_HEAD.c.position, JOURNAL_HEAD.c.hash
"""Told beside what was read, in one statement: two registers of one version hold the same."""
COMMITS: Table = Commit.__table__  # type: ignore[assignment]
CHANGES: Table = Change.__table__  # type: ignore[assignment]
_WITHHELD = table("withheld", column("record_id", Uuid))


def unless_withheld(record: ColumnElement[UUID | None]) -> ColumnElement[UUID | None]:
    """The id of a record; null if the record is kept from the caller (`app/access/policies.py`)."""
    kept_back = (
        select(_WITHHELD.c.record_id).where(_WITHHELD.c.record_id == record).correlate_except(_WITHHELD)
    )
    return case((and_(record.is_not(None), ~kept_back.exists()), record))
