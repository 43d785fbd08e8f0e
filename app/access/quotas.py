"""How many requests each key may make, and each address without one: a quota that fills up again evenly.

Counted in this process, so that it costs a request next to nothing. What is much used is shared with other processes
through the database, once a second and beside the requests (`shared`). Libraries that do this look through all that
they know at each request (`limits` took 0.07 ms with one key, 4 ms with 10 000), or need a store beside PostgreSQL.
"""

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from math import ceil
from time import monotonic
from uuid import UUID

from app.access.caller import Caller
from app.access.networks import Address, neighbours
from app.errors import Problem

WINDOW = 60
"""Seconds in which a quota that is spent is whole again."""
_KEPT = 50_000
_SHARED_FROM = 0.25
"""The part of a quota that is spent before the other processes are told."""
Header = tuple[bytes, bytes]
Tell = Callable[[Sequence[str], Sequence[float]], Awaitable[Sequence[tuple[str, float]]]]
"""Adds to what was spent under some names, in seconds until it is whole again; answers how much that is now."""


class TooManyRequests(Problem):
    """The quota of this key, or of this address for requests without one, is spent. Wait as long as `Retry-After` says.

    `RateLimit-Policy` tells the quota and `RateLimit` what is left of it, on every answer.
    """

    status = 429


class _Policy:
    """A quota: how many requests, and how that is said."""

    def __init__(self, name: str, size: int) -> None:
        self.name, self.size = name, size
        self.step = WINDOW / size if size else 0.0
        """Seconds in which it grows by one."""
        self.told = b"ratelimit-policy", f'"{name}";q={size};w={WINDOW}'.encode()
        self.soon = max(1, ceil(self.step))


class Quotas:
    """What everybody has spent."""

    def __init__(self, each_key: int, each_address: int) -> None:
        self._of_key, self._of_address = _Policy("key", each_key), _Policy("address", each_address)
        self._whole: OrderedDict[UUID | str, float] = OrderedDict()
        """When each quota that is not whole will be so again."""
        self._unshared: dict[UUID | str, float] = {}

    def spend(self, caller: Caller, address: Address | None) -> tuple[list[Header], TooManyRequests | None]:
        """Count one request: what its answer says of the quota, and its refusal if nothing is left."""
        policy = self._of_key if caller.key_id else self._of_address
        if not policy.size:
            return [], None
        whose = caller.key_id or neighbours(address)
        now, step, known = monotonic(), policy.step, self._whole
        spent = max(known.get(whose, now) - now, 0.0) + step
        if spent > WINDOW + 1e-6:
            wait = max(1, ceil(spent - WINDOW))
            said = f"{policy.size} requests in {WINDOW} seconds are the quota of each {policy.name}."
            refused = TooManyRequests(said, headers={"Retry-After": str(wait)})
            return [policy.told, (b"ratelimit", f'"{policy.name}";r=0;t={wait}'.encode())], refused
        known[whose] = now + spent
        known.move_to_end(whose)
        if len(known) > _KEPT:
            known.popitem(last=False)
        if spent > WINDOW * _SHARED_FROM:
            self._unshared[whose] = self._unshared.get(whose, 0.0) + step
        left = int((WINDOW - spent) / step + 1e-6)
        return [policy.told, (b"ratelimit", f'"{policy.name}";r={left};t={policy.soon}'.encode())], None

    async def shared(self, veil: Callable[[str], str], tell: Tell) -> None:
        """Tell what was spent here since the last time, and learn what was everywhere; without names and addresses."""
        spent, self._unshared = self._unshared, {}
        if not spent:
            return
        known = {veil(str(whose)): whose for whose in spent}
        names = sorted(known)  # in one order, so that no process waits for another that waits for it
        for name, seconds in await tell(names, [spent[known[each]] for each in names]):
            self._whole[known[name]] = max(self._whole.get(known[name], 0.0), monotonic() + seconds)

    def forget(self) -> None:
        """Everybody's quota is whole."""
        self._whole.clear()
        self._unshared.clear()
