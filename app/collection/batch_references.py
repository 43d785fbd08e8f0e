"""What the rows of a load refer to: records of the register or of the file, each looked up once."""

from collections.abc import Iterable, Mapping
from typing import Any

from app.collection.ahead import Ahead
from app.collection.collection import Collection
from app.collection.references import Found, Named, Want, candidates, known_records, name_of
from app.collection.staging import Staging
from app.db import Connection

_KNOWN_MOST, _CANDIDATES_MOST = 10_000, 50


class References:
    """The records that rows have referred to so far, and what was near to names that no record has."""

    def __init__(
        self, connection: Connection, staging: Staging, ahead: Ahead, of_file: Collection | None
    ) -> None:
        self._connection, self._staging, self._ahead = connection, staging, ahead
        self._of_file = of_file
        """The collection of which rows may refer to new records of the file."""
        self._known: dict[Named, Found] = {}
        self._candidates: dict[tuple[str, str, Any], list[str]] = {}

    async def known(self, wants: Iterable[Want], made: Mapping[Named, Found]) -> Mapping[Named, Found]:
        """The records that references name: of the register or of the file, or what stands for one that was merged.

        `made` are the new ones of the same chunk.
        """
        if len(self._known) > _KNOWN_MOST:
            self._known.clear()
        new = {name: want for want in wants if (name := name_of(want)) not in self._known}
        if not new:
            return self._known
        await self._ahead.done()
        self._known |= await known_records(self._connection, new.values(), follow=False)
        known = {**made, **self._known}
        await self._find_earlier_rows(new.values(), known)
        if lost := [want for name, want in new.items() if name not in known]:
            known |= await known_records(self._connection, lost)
        return known

    async def with_candidates(self, want: Want, error: dict[str, Any]) -> dict[str, Any]:
        """The error with the names that are near to the one that no record has."""
        asked = (want.to.name, want.by, want.value)
        if asked not in self._candidates and len(self._candidates) < _CANDIDATES_MOST:
            await self._ahead.done()
            self._candidates[asked] = await candidates(self._connection, want)
        near = error.get("candidates") or self._candidates.get(asked, [])
        return {**error, "candidates": near} if near else error

    async def _find_earlier_rows(self, wants: Iterable[Want], known: dict[Named, Found]) -> None:
        """References to records that an earlier chunk of the file makes."""
        missing: dict[str, set[str]] = {}
        for want in wants:
            if want.to is self._of_file and want.by != "id" and name_of(want) not in known:
                missing.setdefault(want.by, set()).add(str(want.value))
        for by, names in missing.items():
            assert self._of_file is not None
            for row in await self._staging.new_records(by, list(names)):
                known[self._of_file.name, by, str(row["name"])] = Found(row["id"], row["key"])
