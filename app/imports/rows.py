"""From what stands in a file to the rows of a batch: which record is meant, what is to be done, and with what."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from app.collection.batch_rows import OPERATIONS, Row
from app.collection.collection import Collection
from app.collection.own_keys import is_own_key
from app.collection.projection import WITHHELD
from app.errors import did_you_mean
from app.imports.asked import Options
from app.imports.cells import ERROR, KEY, OPERATION, Header, record_of
from app.imports.items import Item
from app.imports.sheet_cells import SheetCell

_LABEL_MOST = 200


@dataclass
class Reader:
    """Reads the rows of one file."""

    collection: Collection
    options: Options
    header: Header | None = None
    ignored: list[str] = field(default_factory=list)
    """Columns that were read over: the register's own, and what does not say anything here."""

    def rows(self, items: Iterator[Item]) -> Iterator[Row]:
        """Each row, with the mistakes that can be seen in it alone."""
        for item in items:
            yield self._from_cells(item, self.header) if self.header else self._from_object(item)

    def _from_cells(self, item: Item, header: Header) -> Row:
        if item.error:
            return self._broken(item)
        special = {name: shown(item.value[place]).strip() for name, place in header.special.items()}
        version: Any = special.get("version") or None
        if version is not None and version.isascii() and version.isdigit() and len(version) < 10:
            version = int(version)
        named = {name: special.get(name) or None for name in ("id", OPERATION, KEY)}
        body: dict[str, Any] = {}
        mistakes: list[Any] = []
        if named[OPERATION] != "delete":  # which says only which record it means
            there = self.options.by == "id" and named["id"] is not None
            body, mistakes = record_of(
                header, item.value, empty_is_null=self.options.empty_is_null, there=there
            )
        elif (by := "keys" if self.options.system else self.options.by) in header.names:
            body, _ = record_of(header.only(by), item.value, empty_is_null=False)
        row = self._row(item, body, named | {"version": version}, header.special)
        row.errors += mistakes
        return row

    def _from_object(self, item: Item) -> Row:
        if item.error:
            return self._broken(item)
        body = dict(item.value)
        special = {name: body.pop(name) for name in ("id", "version", OPERATION, KEY) if name in body}
        body.pop(ERROR, None)
        if self.collection.personal:
            body.pop(WITHHELD, None)
        for name in [name for name in body if name in self.collection.read_only]:
            del body[name]
            self._ignore(name)
        return self._row(item, body, special, special)

    def _ignore(self, name: str) -> None:
        if name not in self.ignored:
            self.ignored.append(name)

    def _broken(self, item: Item) -> Row:
        row = Row(item.number, item.line, {}, item.size, hopeless=True)
        assert item.error is not None
        row.errors.append({"pointer": "", **item.error})
        return row

    def _row(self, item: Item, body: dict[str, Any], special: dict[str, Any], named: Any) -> Row:
        row = Row(item.number, item.line, body, item.size)
        self._operation(row, special.get(OPERATION))
        self._version(row, special.get("version"))
        if self.options.by == "id":
            self._id(row, special.get("id"))
        else:
            if "id" in named:
                self._ignore("id")
            if self.options.system:
                self._own_key(row, special.get(KEY))
            else:
                self._human_key(row)
        label = row.match or body.get(self.collection.key or "") or next(iter(_texts(body.get("keys"))), None)
        row.label = None if label is None else str(label)[:_LABEL_MOST].replace("\0", "\ufffd")
        return row

    def _operation(self, row: Row, said: Any) -> None:
        if said is None:
            return
        if said not in OPERATIONS:
            hint = (
                did_you_mean(said[:40], OPERATIONS)
                if isinstance(said, str)
                else {"allowed": list(OPERATIONS)}
            )
            row.refuse("unknown_operation", "There is no such operation.", f"/{OPERATION}", **hint)
            row.hopeless = True
            return
        row.operation = said

    def _version(self, row: Row, said: Any) -> None:
        if said is None:
            return
        if isinstance(said, bool) or not isinstance(said, int):
            row.refuse("int_type", "A whole number is expected.", "/version")
            row.hopeless = True
            return
        row.version = said

    def _id(self, row: Row, said: Any) -> None:
        if said is None:
            return
        try:
            row.match = str(UUID(said))
        except (ValueError, TypeError, AttributeError):
            row.refuse("uuid_parsing", "An id (UUID) is expected.", "/id")
            row.hopeless = True

    def _human_key(self, row: Row) -> None:
        said = row.body.get(self.options.by)
        if said is None:
            return
        if self.options.by == "number" and (isinstance(said, bool) or not isinstance(said, int)):
            row.refuse("int_type", "A whole number is expected.", "/number")
            row.hopeless = True
        elif isinstance(said, int) and not 0 < said < 32_768:
            row.refuse("out_of_range", "A number from 1 to 32767 is expected.", "/number")
            row.hopeless = True
        elif self.options.by == "code" and not isinstance(said, str):
            row.refuse("string_type", "A text is expected.", "/code")
            row.hopeless = True
        else:
            row.match = str(said)

    def _own_key(self, row: Row, said: Any) -> None:
        """The one key of the system among the row's keys, or the column `key`, with or without its system."""
        prefix = f"{self.options.system}:"
        if isinstance(said, str) and said:
            key = said if said.startswith(prefix) else prefix + said
            if not is_own_key(key):
                row.refuse("own_key_malformed", "A key is letters, digits and `._-`.", f"/{KEY}")
                row.hopeless = True
                return
            keys = row.body.get("keys")
            if keys is not None:
                row.body["keys"] = [*keys, key] if isinstance(keys, list) and key not in keys else keys
            row.match = key
            row.own_key = key
            return
        mine = [each for each in _texts(row.body.get("keys")) if each.startswith(prefix)]
        if len(mine) > 1:
            row.refuse("own_key_ambiguous", f"The row has several keys of `{self.options.system}`.", "/keys")
            row.hopeless = True
        elif mine:
            row.match = mine[0]


def shown(cell: str | SheetCell) -> str:
    """A cell as text."""
    return cell if isinstance(cell, str) else cell.shown()


def _texts(value: Any) -> list[str]:
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []
