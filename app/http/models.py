"""What is stored of requests that carried an Idempotency-Key."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import BYTEA, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, Connection


class IdempotencyKey(Base):
    """The committed answer to a request, kept in the transaction of its effect."""

    __tablename__ = "idempotency_keys"

    caller_id: Mapped[UUID] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    fingerprint: Mapped[bytes] = mapped_column(BYTEA)
    status: Mapped[int | None]
    headers: Mapped[Any | None] = mapped_column(JSONB)
    body: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"), index=True)


async def forget_keys(connection: Connection, days: int, most: int) -> int:
    """Delete some of the keys whose time is over; how many they were."""
    done: str = await connection.execute(
        "delete from idempotency_keys where (caller_id, key) in (select caller_id, key from idempotency_keys "
        "where created_at < now() - make_interval(days => $1) order by created_at limit $2 for update skip locked)",
        days,
        most,
    )
    return int(done.rsplit(maxsplit=1)[-1])
