"""Scopes: words such as `activities:write` by which a key does less than its role may, never more."""

import re
from collections.abc import Sequence

from app.access.permissions import Permission

VERBS = tuple(dict.fromkeys(permission.verb for permission in Permission))
SCOPE = re.compile(rf"(\*|[a-z]+(?:-[a-z]+)*):(\*|{'|'.join(VERBS)})")


def scope_of(permission: Permission, collection: str) -> str:
    """The scope that a permission needs on a collection, named as in its address."""
    on = "contacts" if permission is Permission.READ_CONTACTS else collection
    return f"{on or '*'}:{permission.verb}"


def covers(scopes: Sequence[str], permission: Permission, collection: str) -> bool:
    """Whether scopes leave a permission. No scopes are all that the role may; what is public is read by all.

    Without a collection: whether they leave it anywhere.
    """
    if not scopes or permission is Permission.READ:
        return True
    wanted, _, verb = scope_of(permission, collection).partition(":")
    for scope in scopes:
        on, _, what = scope.partition(":")
        if what in {"*", verb} and (wanted in {"*", on} or on == "*"):
            return True
    return False
