"""ETags: If-None-Match (304), If-Match (412, 428). RFC 9110 section 13, RFC 6585 section 3."""

import re

from app.errors import BadRequest, Problem

_ONE = re.compile(rb'"([!#-~]*)"')
"""As nearly everybody sends it: what is read in one step."""
_TAG = re.compile(r'(W/)?"([!#-~\x80-\xff]*)"[ \t]*(?:,[ \t,]*|$)')


class ChangedMeanwhile(Problem):
    """The record has changed since the version that `If-Match` names. `current` is how it is now."""

    status = 412
    title = "Changed meanwhile"


class PreconditionRequired(Problem):
    """This key has to say which version it changes: send the ETag that you read as `If-Match`."""

    status = 428


def tags(header: bytes, name: str) -> list[tuple[bool, str]] | None:
    """The entity tags of a header, as (weak, tag); None for `*`."""
    if one := _ONE.fullmatch(header):
        return [(False, one[1].decode())]
    text = header.decode("latin-1").strip(", \t")
    if text == "*":
        return None
    found = []
    position = 0
    while match := _TAG.match(text, position):
        found.append((bool(match[1]), match[2]))
        position = match.end()
    if not found or position < len(text):
        raise BadRequest(
            f"`{name}` is a list of quoted entity tags, or `*`.",
            errors=[{"header": name, "code": "malformed", "hint": 'Send the ETag as it was read: `"3"`.'}],
        )
    return found


def not_modified(header: bytes | None, tag: str) -> bool:
    """Whether the client has this representation already (weak comparison)."""
    if header is None:
        return False
    known = tags(header, "If-None-Match")
    return known is None or any(tag == each for _, each in known)


def allows(header: bytes | None, version: int, *, required: bool) -> bool:
    """Whether a write to this version is allowed (strong comparison of the version in the tag)."""
    if header is None:
        if required:
            raise PreconditionRequired("Send `If-Match` with the ETag of the record that you read.")
        return True
    known = tags(header, "If-Match")
    return known is None or any(not weak and tag.partition(".")[0] == str(version) for weak, tag in known)


def known_tags(headers: dict[bytes, bytes]) -> list[str]:
    """The tags that the client has already."""
    header = headers.get(b"if-none-match")
    if header is None:
        return []
    found = tags(header, "If-None-Match")
    return ["*"] if found is None else [tag for _, tag in found]
