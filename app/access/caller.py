"""Who is calling, and the refusals of those who may not."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple
from uuid import UUID

from app.access.permissions import MATRIX, Permission, Reach, Role
from app.access.scopes import covers, scope_of
from app.errors import Problem, Unavailable


@dataclass(frozen=True)
class Caller:
    """Who is calling: the public, or the holder of a key or of a token."""

    role: Role = Role.PUBLIC
    key_id: UUID | None = None
    require_if_match: bool = False
    country: str | None = None
    """The country that it speaks for, ISO 3166-1."""
    body: UUID | None = None
    """The organisation that it speaks for."""
    scopes: tuple[str, ...] = ()
    """What it may do less than its role; none: all that its role may."""

    def reach(self, permission: Permission, collection: str = "") -> Reach | None:
        """Whose records of a collection (as in its address) it may treat so; without one: of any collection."""
        reach = MATRIX[self.role].get(permission)
        return reach if reach and covers(self.scopes, permission, collection) else None

    def require(self, permission: Permission, collection: str = "", *, owned: bool = True) -> None:
        """Refuse what the caller may not do at all: 401 without a key, 403 with one.

        `owned` says whether records of the collection belong to countries; the Secretariat keeps all others.
        """
        reach = self.reach(permission, collection)
        if reach is Reach.ANY or (reach and owned):
            return
        if reach:
            raise Forbidden(
                f"The role `{self.role}` may only `{permission}` what belongs to its country; these are kept by the "
                "Secretariat.",
                missing={"permission": permission, "reach": Reach.ANY},
            )
        if self.key_id is None:
            raise KeyMissing("Reading what is public needs no key; this does.")
        if permission in MATRIX[self.role]:
            scope = scope_of(permission, collection)
            raise Forbidden(f"The scopes of this key leave `{scope}` out.", missing={"scope": scope})
        raise Forbidden(
            f"The role `{self.role}` has no permission `{permission}`.", missing={"permission": permission}
        )

    @cached_property
    def context(self) -> Mapping[str, str]:
        """What the database has to know of the caller, as settings of a transaction; nothing of the public."""
        if self.role is Role.PUBLIC:
            return {}
        return {
            "register.role": str(self.role),
            "register.key": str(self.key_id or ""),
            "register.country": self.country or "",
            "register.body": str(self.body or ""),
            "register.scopes": " ".join(self.scopes),
        }

    @cached_property
    def view(self) -> str:
        """What decides which records it sees: callers of one view see the same. Nothing for the public."""
        drafts = self.reach(Permission.READ_DRAFTS)
        shared = self.reach(Permission.READ_SHARED)
        if not shared and not drafts:
            return ""
        scopes = ",".join(sorted(scope for scope in self.scopes if scope.endswith((":read", ":*"))))
        return f"{shared or ''} {drafts or ''} {self.country if drafts is Reach.OWN else ''} {scopes}"


PUBLIC = Caller()


class Right(NamedTuple):
    """What a request needs: a permission, on a collection whose records belong to countries or do not."""

    permission: Permission
    collection: str = ""
    owned: bool = True

    def asked_of(self, caller: Caller) -> None:
        """Refuse a caller who has it not at all."""
        caller.require(self.permission, self.collection, owned=self.owned)


EDIT = Right(Permission.EDIT)
"""To edit something, be it what it may: who asks for this looks closer later."""


class Unauthorised(Problem):
    """The API key is not known here."""

    status = 401

    def __init__(self, detail: str = "", **more: Any) -> None:
        super().__init__(detail, headers={"WWW-Authenticate": 'Bearer realm="workplan"'}, **more)


class KeyMissing(Unauthorised):
    """This needs an API key: `Authorization: Bearer ajwp_…` or `X-API-Key: ajwp_…`; or a bearer token, where an issuer
    of them is trusted.
    """


class KeyMalformed(Unauthorised):
    """What was sent is not an API key of this service: its form or its check digits are wrong."""


class KeyUnknown(Unauthorised):
    """No key like this was ever issued here."""


class KeyExpired(Unauthorised):
    """The key has expired."""


class KeyRevoked(Unauthorised):
    """The key was revoked."""


class KeyRotated(Unauthorised):
    """The key was rotated, and the time in which its old secret still opened is over. Use the new one."""


class TokenRefused(Unauthorised):
    """The bearer token of the issuer that this register trusts is not good."""

    def __init__(self, detail: str = "", **more: Any) -> None:
        super().__init__(detail, **more)
        self.headers["WWW-Authenticate"] += ', error="invalid_token"'


class TokenMalformed(TokenRefused):
    """What was sent is no access token that is read here: not a JWT, not signed in a way that is taken, or without one
    of the claims `iss`, `aud`, `exp`, `sub`.
    """


class TokenKeyUnknown(TokenRefused):
    """The token names a key that its issuer does not publish."""


class TokenSignatureWrong(TokenRefused):
    """The token was not signed by its issuer, or was changed since."""


class TokenOfAnotherIssuer(TokenRefused):
    """The token was issued by somebody else than the issuer that this register trusts."""


class TokenForAnother(TokenRefused):
    """The token was made for another service: this register is not its audience."""


class TokenExpired(TokenRefused):
    """The token has expired. Ask its issuer for another."""


class TokenNotYetValid(TokenRefused):
    """The token is good from a later time on: somebody's clock is wrong."""


class IssuerUnreachable(Unavailable):
    """The keys of the issuer of bearer tokens cannot be fetched, so that no token can be judged. Try again.

    API keys open meanwhile.
    """


class Forbidden(Problem):
    """The key is good, but it may not do this. `missing` names the permission, scope or country that it lacks."""

    status = 403


class TokenWithoutRole(Forbidden):
    """The token is good, but no rule of this register gives a role to what it claims."""


class NotYours(Forbidden):
    """The record belongs to another country, or to the Secretariat, and stays so. `owner` says to whom."""


class WrongNetwork(Forbidden):
    """The key opens only from certain networks, and this request comes from elsewhere."""
