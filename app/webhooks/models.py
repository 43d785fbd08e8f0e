"""What is stored of webhooks: the subscription, how far it has come in the journal, and what is to be sent."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base


class Webhook(Base):
    """A subscription. Its secrets are derived (signing.py), so none is stored."""

    __tablename__ = "webhooks"
    __table_args__ = (
        CheckConstraint("state in ('active', 'paused', 'disabled')", name="state"),
        CheckConstraint("(state = 'disabled') = (disabled_reason is not null)", name="disabled_reason"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=text("uuidv7()"))
    owner_id: Mapped[UUID] = mapped_column(index=True)
    """The key that made it."""
    owner_body_id: Mapped[UUID | None]
    """The body that the key speaks for; its other keys of that role see it as well."""
    url: Mapped[str]
    kinds: Mapped[list[str]] = mapped_column(server_default=text("'{}'"))
    actions: Mapped[list[str]] = mapped_column(server_default=text("'{}'"))
    country: Mapped[str | None]
    description: Mapped[str | None]
    state: Mapped[str] = mapped_column(server_default=text("'active'"))
    disabled_reason: Mapped[str | None]
    from_position: Mapped[int] = mapped_column(BigInteger)
    secret_number: Mapped[int] = mapped_column(server_default=text("1"))
    former_secret_until: Mapped[datetime | None]
    former_secrets: Mapped[int] = mapped_column(server_default=text("1"))
    """How many sign until then."""
    version: Mapped[int] = mapped_column(server_default=text("1"))
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    updated_at: Mapped[datetime] = mapped_column(server_default=text("now()"))


class WebhookLane(Base):
    """How far a webhook has come in the journal, and when it may be sent to again."""

    __tablename__ = "webhook_lanes"

    webhook_id: Mapped[UUID] = mapped_column(ForeignKey("webhooks.id", ondelete="CASCADE"), primary_key=True)
    position: Mapped[int] = mapped_column(BigInteger)
    due_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    failing_since: Mapped[datetime | None]


class WebhookDelivery(Base):
    """One event for one webhook. Of the receiver only its status and how long it took are kept."""

    __tablename__ = "webhook_deliveries"
    __table_args__ = (
        CheckConstraint("state in ('pending', 'delivered', 'given_up', 'dropped')", name="state"),
        Index(
            "ix_webhook_deliveries_due", "webhook_id", "due_at", "position",
            postgresql_where=text("state = 'pending'"),
        ),
        Index(
            "ix_webhook_deliveries_record", "webhook_id", "record_id", "position",
            postgresql_where=text("state = 'pending'"),
        ),
        Index("ix_webhook_deliveries_finished", "finished_at", postgresql_where=text("finished_at is not null")),
    )  # fmt: skip

    webhook_id: Mapped[UUID] = mapped_column(ForeignKey("webhooks.id", ondelete="CASCADE"), primary_key=True)
    position: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    kind: Mapped[str]
    record_id: Mapped[UUID]
    version: Mapped[int]
    action: Mapped[str]
    at: Mapped[datetime]
    state: Mapped[str] = mapped_column(server_default=text("'pending'"))
    attempts: Mapped[int] = mapped_column(server_default=text("0"))
    due_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    leased_until: Mapped[datetime | None]
    attempted_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    outcome: Mapped[str | None]
    status: Mapped[int | None]
    duration_ms: Mapped[int | None]
