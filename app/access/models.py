"""What is stored of an API key: never the key itself."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, text
from sqlalchemy.dialects.postgresql import BYTEA
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base


class ApiKey(Base):
    """A key of one system or body."""

    __tablename__ = "api_keys"
    __table_args__ = (CheckConstraint("role in ('administrator', 'secretariat', 'reader')", name="role"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=text("uuidv7()"))
    name: Mapped[str]
    role: Mapped[str]
    require_if_match: Mapped[bool] = mapped_column(server_default=text("false"))
    prefix: Mapped[str]
    digest: Mapped[bytes] = mapped_column(BYTEA, unique=True)
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(server_default=text("1"))
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    updated_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
