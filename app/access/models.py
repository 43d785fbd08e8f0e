"""What is stored of an API key: never the key itself."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Text, text
from sqlalchemy.dialects.postgresql import ARRAY, BYTEA, CIDR
from sqlalchemy.orm import Mapped, mapped_column

from app.access.permissions import OF_A_COUNTRY, Role
from app.db import Base, Connection

_ROLES = ", ".join(f"'{role}'" for role in sorted(Role) if role is not Role.PUBLIC)
_OF_A_COUNTRY = ", ".join(f"'{role}'" for role in sorted(OF_A_COUNTRY))


class ApiKey(Base):
    """A key of one system of a body; what opens it stands in `api_key_secrets`, and can be changed."""

    __tablename__ = "api_keys"
    __table_args__ = (
        CheckConstraint(f"role in ({_ROLES})", name="role"),
        CheckConstraint("country ~ '^[A-Z]{2}$'", name="country"),
        CheckConstraint(f"(role in ({_OF_A_COUNTRY})) = (country is not null)", name="country_of_role"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=text("uuidv7()"))
    name: Mapped[str]
    role: Mapped[str]
    country: Mapped[str | None] = mapped_column(info={"code_of": "countries", "while": "revoked_at is null"})
    """The country for which it speaks."""
    body_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("organisations.id", ondelete="set null"), index=True
    )
    """The organisation for which it speaks."""
    scopes: Mapped[list[str]] = mapped_column(server_default=text("'{}'"))
    """None: all that the role may."""
    networks: Mapped[list[str]] = mapped_column(ARRAY(CIDR()), server_default=text("'{}'"))
    """From where it opens; none: from everywhere."""
    require_if_match: Mapped[bool] = mapped_column(server_default=text("false"))
    expires_at: Mapped[datetime | None]
    rotated_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(server_default=text("1"))
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    updated_at: Mapped[datetime] = mapped_column(server_default=text("now()"))


class ApiKeySecret(Base):
    """What opens a key: two of them while it is rotated. Not in the journal: there is nothing in it to be read."""

    __tablename__ = "api_key_secrets"

    digest: Mapped[bytes] = mapped_column(BYTEA, primary_key=True)
    key_id: Mapped[UUID] = mapped_column(ForeignKey("api_keys.id", ondelete="cascade"), index=True)
    begins: Mapped[str] = mapped_column(Text())
    """Its first characters, so that its holder can tell which one it is."""
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    ends_at: Mapped[datetime | None]
    """When it stops opening, after a rotation."""
    last_used_on: Mapped[date | None]


class TokenHolder(Base):
    """Who has come with a bearer token of the trusted issuer: by an id of ours, without names of people."""

    __tablename__ = "token_holders"

    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=text("uuidv7()"))
    subject: Mapped[bytes] = mapped_column(BYTEA, unique=True)
    """SHA-256 of issuer and subject."""
    name: Mapped[str]
    """`oidc:` and the client, or the beginning of that digest."""
    client: Mapped[str | None]
    role: Mapped[str]
    """This and what follows: what its last token was worth, for what is done in its name later."""
    country: Mapped[str | None]
    body_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("organisations.id", ondelete="set null"), index=True
    )
    scopes: Mapped[list[str]] = mapped_column(server_default=text("'{}'"))
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    seen_on: Mapped[date] = mapped_column(server_default=text("current_date"))


class SpentQuota(Base):
    """What several processes have spent of one quota. Not logged: after a crash all quotas are whole."""

    __tablename__ = "spent_quotas"
    __table_args__ = ({"prefixes": ["unlogged"]},)

    name: Mapped[str] = mapped_column(primary_key=True)
    """A digest of the key or address, with a secret of the register."""
    whole_at: Mapped[datetime]


async def forget_quotas(connection: Connection, days: int, most: int) -> int:
    """Delete some of those that are whole again; how many they were."""
    done: str = await connection.execute(
        "delete from spent_quotas where name in (select name from spent_quotas "
        "where whole_at < now() - make_interval(days => $1) limit $2 for update skip locked)",
        days,
        most,
    )
    return int(done.rsplit(maxsplit=1)[-1])


class HiddenRecord(Base):
    """A record that is not public, or once was not; filled by a trigger. The service's role sees nothing of it."""

    __tablename__ = "hidden_records"

    record_id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str]
    owner: Mapped[str | None]
    visibility: Mapped[str]
