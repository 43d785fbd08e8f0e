"""Every setting, with its meaning and its default. Read from the environment, prefix `WORKPLAN_`."""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, AliasChoices, Field, SecretStr, StringConstraints, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from app.embedded import default_data_dir

OTHER_CONNECTIONS = 3
"""Of a worker, beside its pools: one for loads, one that listens for changes, one that looks if we are ready."""


Origin = Annotated[
    str, StringConstraints(pattern=r"^(https://[a-z0-9.-]+|http://(localhost|127\.0\.0\.1))(:[0-9]{1,5})?$")
]
Contact = Annotated[str, StringConstraints(pattern=r"^(mailto:[^\s@]+@[^\s@]+|https://\S+)$")]


KEPT = "database"
"""Names, among secrets, the one that is kept in the database."""
SECRET_LEAST = 32


def _long_enough(secret: SecretStr) -> SecretStr:
    if len(secret) < SECRET_LEAST and secret.get_secret_value() != KEPT:
        raise ValueError(f"a secret has at least {SECRET_LEAST} characters: `openssl rand -hex 32` makes one")
    return secret


Secret = Annotated[SecretStr, AfterValidator(_long_enough)]


class Settings(BaseSettings):
    """What an installation may choose."""

    model_config = SettingsConfigDict(env_prefix="WORKPLAN_", secrets_dir=None, extra="ignore")

    database_url: Annotated[
        SecretStr | None,
        Field(validation_alias=AliasChoices("DATABASE_URL", "WORKPLAN_DATABASE_URL")),
    ] = None
    """PostgreSQL to use (`postgresql://…`). Without it: the embedded one in `data_dir`."""

    data_dir: Path = Field(default_factory=default_data_dir)
    """Where the embedded database and the first administrator's key live."""

    public_url: str | None = None
    """The address that clients use, for absolute links; default: the address the server listens on."""

    cursor_secret: Secret | None = None
    """Seals cursors, plans of dry runs and links of confirmation. Default: a secret kept in the database."""

    other_cursor_secrets: list[Secret] = []
    """Secrets with which these may be sealed as well, as a JSON list: the former one while it is changed, the next one
    before that. `database` is the one kept in the database (docs/access.md, "Secrets of an installation").
    """

    read_connections: int = Field(default=8, ge=1, le=200)
    """Database connections for reading, per worker."""

    write_connections: int = Field(default=8, ge=1, le=200)
    """Database connections for writing, per worker."""

    pooler: bool = False
    """`DATABASE_URL` leads to a pooler in transaction mode (PgBouncer 1.21 or later, docs/performance.md)."""

    pool_timeout: float = Field(default=3.0, gt=0)
    """Seconds to wait for a free connection before 503."""

    request_budget: float = Field(default=8.0, gt=0)
    """Seconds a request may take before it is answered 503, whatever still hangs."""

    statement_timeout: float = Field(default=5.0, gt=0)
    """Seconds one statement may take."""

    lock_timeout: float = Field(default=2.0, gt=0)
    """Seconds one statement may wait for a lock."""

    max_body: int = Field(default=1_048_576, ge=1024)
    """Bytes of a request body; more is 413 before it is read."""

    max_bulk_body: int = Field(default=268_435_456, ge=1024)
    """The same for `POST /v1/{collection}/bulk`; such a body is kept on disk while it is worked on."""

    spool_dir: Path | None = None
    """Where large bodies are kept meanwhile, in files without a name. Default: the system's folder for such files."""

    report_budget: float = Field(default=60.0, gt=0)
    """Seconds that a status report as a file (PDF, DOCX, XLSX, CSV, SVG) may take to be made."""

    bulk_budget: float = Field(default=300.0, gt=0)
    """Seconds that a bulk request, and each of its statements, may take."""

    async_bulk_body: int = Field(default=33_554_432, ge=0)
    """Bytes from which a bulk request is answered 202 and done as a job; smaller ones by `Prefer: respond-async`."""

    job_budget: float = Field(default=3600.0, gt=0)
    """Seconds that a job, and each of its statements, may take."""

    job_days: int = Field(default=7, ge=1)
    """Days that a finished job and its report are kept."""

    idempotency_days: int = Field(default=7, ge=1)
    """Days that the answer to an Idempotency-Key is kept."""

    trusted_proxies: list[str] = []
    """Networks (CIDR, as a JSON list) of the proxies whose `X-Forwarded-For` is believed. Default: nobody's."""

    key_quota: int = Field(default=120_000, ge=0)
    """Requests a minute for each key; 0: without a limit (docs/access.md)."""

    address_quota: int = Field(default=120_000, ge=0)
    """Requests a minute for each address that asks without a key; 0: without a limit."""

    cors_origins: list[Origin] = []
    """Origins of web pages that may ask from within a browser, such as `https://plan.example`, as a JSON list."""

    security_contacts: list[Contact] = []
    """Where to report a weakness, for `/.well-known/security.txt`: `mailto:` or `https:` addresses, as a JSON list."""

    security_policy: str | None = None
    """Address of the policy by which reports are dealt with, for the same file."""

    oidc_issuer: str | None = None
    """Address of the issuer whose bearer tokens are taken beside API keys (OpenID Connect). Default: none are."""

    oidc_audience: str | None = None
    """What its tokens have to say of for whom they are (`aud`)."""

    oidc_rules: Path | None = None
    """A file of TOML: which claims of a token give which role, country and scopes (docs/access.md)."""

    oidc_leeway: int = Field(default=30, ge=0, le=300)
    """Seconds by which the clock of the issuer may differ from ours."""

    oidc_refetch_seconds: float = Field(default=30.0, gt=0)
    """Seconds between two attempts to fetch the issuer's keys, however many tokens name a key that is not known."""

    feed_days: int = Field(default=400, ge=1, le=36_500)
    """Days that `GET /v1/changes` reaches back; the journal itself is kept for good."""

    deliver: bool = True
    """Whether this process also sends webhooks; `false` where `workplan deliver` runs by itself."""

    webhook_key: Secret | None = None
    """From this the secrets of webhooks are derived; another key gives all of them other secrets. Default: a secret
    kept in the database, so that a copy of the database is enough to sign."""

    other_webhook_keys: list[Secret] = []
    """Keys whose secrets sign as well, as a JSON list: the former one while it is changed, the next one before that.
    `database` is the one kept in the database."""

    webhook_timeout: float = Field(default=15.0, gt=0, le=30)
    """Seconds that one attempt may take in all, whatever a receiver does."""

    webhook_rate: int = Field(default=20, ge=1, le=1000)
    """Attempts a second for one webhook."""

    webhook_failing_days: float = Field(default=5.0, gt=0)
    """Days without a success after which a webhook is disabled."""

    webhook_log_days: int = Field(default=30, ge=1)
    """Days that the log of webhooks is kept."""

    webhook_retries: Annotated[tuple[float, ...], NoDecode] = (0, 5, 300, 1800, 7200, 18_000, 36_000, 36_000)
    """Development only: seconds before each attempt at one event, after the last it is given up."""

    webhook_test_targets: str = ""
    """Development only: exact `ip:port` pairs, separated by commas, that may be sent to without TLS."""

    drain_seconds: float = Field(default=0.0, ge=0)
    """Seconds that a stopping server keeps answering while `/readyz` already says 503."""

    log_format: Literal["auto", "json", "text"] = "auto"
    """`auto`: text on a terminal, JSON elsewhere."""

    log_level: Literal["debug", "info", "warning", "error"] = "info"

    @field_validator("webhook_retries", mode="before")
    @classmethod
    def _separated(cls, given: object) -> object:
        return given.split(",") if isinstance(given, str) else given

    @property
    def connections(self) -> int:
        """As many connections as a worker ever has."""
        return self.read_connections + self.write_connections + OTHER_CONNECTIONS


def in_use(chosen: SecretStr | None, others: Sequence[SecretStr], kept: bytes) -> tuple[bytes, ...]:
    """The secret in use, and the others that hold beside it; `kept` is the one in the database."""
    given = [chosen.get_secret_value() if chosen else KEPT, *(each.get_secret_value() for each in others)]
    return tuple(kept if each == KEPT else each.encode() for each in given)


@lru_cache
def settings() -> Settings:
    """The settings of this process."""
    return Settings()
