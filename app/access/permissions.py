"""Roles and what each may do, on one page. Issue by issue this grows; it stays one page."""

from enum import StrEnum


class Role(StrEnum):
    """Who a key speaks for."""

    PUBLIC = "public"
    """Whoever has no key."""
    READER = "reader"
    """A system that only reads, such as a website."""
    PARTNER = "partner"
    """A partner, such as an office of the United Nations."""
    EDITOR = "editor"
    """A ministry: those who write its country's records."""
    APPROVER = "approver"
    """A ministry: those who also answer for them, and hand out its keys."""
    ASEAN_AUTHORITY = "asean_authority"
    """Those who concur for ASEAN."""
    JAPAN_AUTHORITY = "japan_authority"
    """Those who concur for Japan."""
    SECRETARIAT = "secretariat"
    """The ASEAN Secretariat, which keeps the register."""
    AUDITOR = "auditor"
    """Those who look at who did what."""
    ADMINISTRATOR = "administrator"
    """Those who run this installation."""


class Permission(StrEnum):
    """What one may do."""

    READ = "read"
    """Read what is public."""
    READ_SHARED = "read_shared"
    """Read what is for partners: everyone with a key."""
    READ_DRAFTS = "read_drafts"
    """Read what a country keeps to itself so far."""
    READ_CONTACTS = "read_contacts"
    """See the people behind offices."""
    SUBSCRIBE = "subscribe"
    """Be told of changes."""
    EDIT = "edit"
    """Add, change, delete and restore records."""
    APPROVE = "approve"
    """Submit a country's report."""
    REVIEW = "review"
    """Accept a report, or return it."""
    FREEZE = "freeze"
    """Close a period's status report for good."""
    CONCUR = "concur"
    """Concur to an amendment, for one's own side."""
    AUDIT = "audit"
    """See who did what."""
    ADMINISTER = "administer"
    """Make keys, change and revoke them."""

    @property
    def verb(self) -> str:
        """The word for it in a scope."""
        if self in {
            Permission.READ,
            Permission.READ_SHARED,
            Permission.READ_DRAFTS,
            Permission.READ_CONTACTS,
        }:
            return "read"
        return "write" if self is Permission.EDIT else self.value


class Reach(StrEnum):
    """Whose records a permission is for."""

    OWN = "own"
    """Those of one's own country; for `concur`, one's own side."""
    ANY = "any"


_P, _OWN, _ANY = Permission, Reach.OWN, Reach.ANY
_KEY = {_P.READ: _ANY, _P.READ_SHARED: _ANY, _P.SUBSCRIBE: _ANY}
_PARTNER = {**_KEY, _P.READ_CONTACTS: _ANY}
_EDITOR = {**_PARTNER, _P.READ_DRAFTS: _OWN, _P.EDIT: _OWN}
_SECRETARIAT = {**_PARTNER, _P.READ_DRAFTS: _ANY, _P.EDIT: _ANY, _P.APPROVE: _ANY}
_SECRETARIAT |= {_P.REVIEW: _ANY, _P.FREEZE: _ANY}

MATRIX: dict[Role, dict[Permission, Reach]] = {
    Role.PUBLIC: {_P.READ: _ANY},
    Role.READER: _KEY,
    Role.PARTNER: _PARTNER,
    Role.EDITOR: _EDITOR,
    Role.APPROVER: {**_EDITOR, _P.APPROVE: _OWN, _P.ADMINISTER: _OWN},
    Role.ASEAN_AUTHORITY: {**_PARTNER, _P.CONCUR: _OWN},
    Role.JAPAN_AUTHORITY: {**_PARTNER, _P.CONCUR: _OWN},
    Role.SECRETARIAT: _SECRETARIAT,
    Role.AUDITOR: {**_KEY, _P.AUDIT: _ANY},
    Role.ADMINISTRATOR: {**_SECRETARIAT, _P.AUDIT: _ANY, _P.ADMINISTER: _ANY},
}
"""The same page, as a table, is in `docs/access.md`; a test compares them."""

OF_A_COUNTRY = frozenset({Role.EDITOR, Role.APPROVER})
"""Roles that speak for one country."""


def as_table() -> str:
    """The page as a table of Markdown."""
    lines = [f"| Permission | {' | '.join(f'`{role}`' for role in MATRIX)} |", f"|---|{'---|' * len(MATRIX)}"]
    for permission in Permission:
        cells = " | ".join(str(reaches.get(permission, "")) for reaches in MATRIX.values())
        lines.append(f"| `{permission}` | {cells} |")
    return "\n".join(lines)
