"""What the bearer tokens of an issuer are worth here: one table in a file of TOML, read from the top.

    [[rule]]
    claims = { client_id = "moj-th-cases" }
    role = "editor"
    country = "TH"
    scopes = ["activities:write"]

The first rule whose claims all fit decides; a token that fits none may nothing.
"""

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from app.access.permissions import OF_A_COUNTRY, Role
from app.access.scopes import SCOPE

_LISTED = frozenset({"scope", "scp"})
"""Claims that are words with spaces between them (RFC 9068)."""


class Rule(BaseModel):
    """One line of the table: what has to be claimed, and what that gives."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    claims: Annotated[dict[str, str | list[str]], Field(min_length=1)]
    """By name, or by path as in `realm_access.roles`; of several values one has to be claimed."""
    role: Role
    country: Annotated[str, StringConstraints(pattern="^[A-Z]{2}$")] | None = None
    body: str | None = None
    """The code of the organisation that it speaks for."""
    scopes: tuple[Annotated[str, StringConstraints(pattern=SCOPE.pattern)], ...] = ()
    require_if_match: bool = False

    @model_validator(mode="after")
    def _of_a_country(self) -> Self:
        if self.role is Role.PUBLIC:
            raise ValueError("the public needs no token")
        if (self.role in OF_A_COUNTRY) != (self.country is not None):
            raise ValueError("editors and approvers speak for a country, and nobody else does")
        return self

    def fits(self, claims: Mapping[str, Any]) -> bool:
        """Whether a token claims all that the rule asks for."""
        return all(_claimed(claims, name, wanted) for name, wanted in self.claims.items())


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid")

    rule: Annotated[list[Rule], Field(min_length=1)]


def read_rules(path: Path) -> tuple[Rule, ...]:
    """The table; ValueError says what is wrong in it, and where."""
    try:
        return tuple(_Table.model_validate(tomllib.loads(path.read_text())).rule)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ValueError(f"WORKPLAN_OIDC_RULES: {path.name} cannot be read: {error}") from None
    except ValidationError as refused:
        wrong = "; ".join(
            f"{'.'.join(str(part) for part in each['loc'])}: {each['msg']}" for each in refused.errors()
        )
        raise ValueError(f"WORKPLAN_OIDC_RULES: {path.name}: {wrong}") from None


def rule_for(rules: Sequence[Rule], claims: Mapping[str, Any]) -> Rule | None:
    """The first rule that fits."""
    return next((rule for rule in rules if rule.fits(claims)), None)


def _claimed(claims: Mapping[str, Any], name: str, wanted: str | list[str]) -> bool:
    value = claims.get(name)
    if value is None:  # names may have dots in them, such as those that are addresses
        value = claims
        for part in name.split("."):
            value = value.get(part) if isinstance(value, dict) else None
    if name in _LISTED and isinstance(value, str):
        value = value.split()
    held = value if isinstance(value, list) else [value]
    return any(each in held for each in ([wanted] if isinstance(wanted, str) else wanted))
