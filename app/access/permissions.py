"""Roles and what each may do, on one page. Issue by issue this grows; it stays one page."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from app.errors import Problem


class Role(StrEnum):
    """Who a key speaks for."""

    PUBLIC = "public"
    READER = "reader"
    SECRETARIAT = "secretariat"
    ADMINISTRATOR = "administrator"


class Permission(StrEnum):
    """What one may do."""

    READ = "read"
    EDIT = "edit"


MATRIX: dict[Role, frozenset[Permission]] = {
    Role.PUBLIC: frozenset({Permission.READ}),
    Role.READER: frozenset({Permission.READ}),
    Role.SECRETARIAT: frozenset({Permission.READ, Permission.EDIT}),
    Role.ADMINISTRATOR: frozenset({Permission.READ, Permission.EDIT}),
}


@dataclass(frozen=True, slots=True)
class Caller:
    """Who is calling: the public, or the holder of a key."""

    role: Role = Role.PUBLIC
    key_id: UUID | None = None
    require_if_match: bool = False

    def require(self, permission: Permission) -> None:
        """Refuse what the caller may not do: 401 without a key, 403 with one."""
        if permission in MATRIX[self.role]:
            return
        if self.key_id is None:
            raise KeyMissing("Reading is public; writing needs an API key.")
        raise Forbidden(f"The role `{self.role}` has no permission `{permission}`.")


PUBLIC = Caller()


class Unauthorised(Problem):
    """The API key is not known here."""

    status = 401

    def __init__(self, detail: str = "") -> None:
        super().__init__(detail, headers={"WWW-Authenticate": 'Bearer realm="workplan"'})


class KeyMissing(Unauthorised):
    """This needs an API key: `Authorization: Bearer ajwp_…` or `X-API-Key: ajwp_…`."""


class KeyMalformed(Unauthorised):
    """What was sent is not an API key of this service: its form or its check digits are wrong."""


class KeyUnknown(Unauthorised):
    """No key like this was ever issued here."""


class KeyExpired(Unauthorised):
    """The key has expired."""


class KeyRevoked(Unauthorised):
    """The key was revoked."""


class Forbidden(Problem):
    """The key is good, but it may not do this."""

    status = 403
