"""Where a request comes from: its peer, or what trusted proxies in between say of it."""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Network = IPv4Network | IPv6Network
Address = IPv4Address | IPv6Address


def networks(written: Iterable[str]) -> tuple[Network, ...]:
    """Networks in CIDR notation; ValueError names the first that is none."""
    return tuple(ip_network(each) for each in written)


def source(peer: str | None, forwarded: bytes | None, proxies: Sequence[Network]) -> Address | None:
    """The last address that no trusted proxy has; None if there is none, as on a socket file."""
    address = _address(peer or "")
    if not proxies:
        return address
    hops = [_address(each.strip()) for each in (forwarded or b"").decode("latin-1").split(",")]
    while address is not None and hops and within(address, proxies):
        address = hops.pop() or address
    return address


def within(address: Address | None, known: Sequence[Network]) -> bool:
    """Whether an address lies in one of the networks."""
    return address is not None and any(address in network for network in known)


@lru_cache(4096)
def neighbours(address: Address | None) -> str:
    """Who is counted as one with an address: of IPv6 a network, as one subscriber has all of its addresses."""
    return str(ip_network((address, 64), strict=False)) if isinstance(address, IPv6Address) else str(address)


@lru_cache(1024)
def _address(written: str) -> Address | None:
    try:
        address = ip_address(written.removeprefix("[").partition("]")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address
