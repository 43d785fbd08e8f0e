"""What a request asks of a list: the query string, read strictly. Pure: no database, no guessing.

The grammar survives an unquoted shell word: letters, digits and `_ . - , :` only.
"""

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache, partial
from typing import Any, NamedTuple
from urllib.parse import quote, unquote_plus

from app.collection.collection import Collection
from app.collection.fields import FLAG, TAKES_NONE, TAKES_SEVERAL, Kind
from app.collection.projection import Expand
from app.errors import BadRequest, InvalidParameter, UnknownParameter, did_you_mean

LIMIT, LIMIT_MOST = 50, 1000
_USUAL = {10, 20, 25, LIMIT, 100, 200, 500, LIMIT_MOST}
_VALUES_MOST, _TERMS_MOST, _QUERY_MOST, _GROUPS_MOST = 200, 8, 200, 3
RESERVED = ("sort", "fields", "expand", "limit", "cursor", "count", "q", "compare")
EVERYWHERE = ("as_of",)
"""What every reading operation knows."""

Pairs = list[tuple[str, str, str]]
"""Name, value as sent, value decoded."""


class Shape(NamedTuple):
    """What decides the SQL. Requests of one shape share one compiled, prepared statement."""

    filters: tuple[tuple[str, str], ...] = ()
    sort: tuple[tuple[str, bool], ...] = ()
    fields: tuple[str, ...] = ()
    expand: tuple[str, ...] = ()
    terms: int = 0
    after: bool = False
    groups: tuple[str, ...] = ()
    rows: int = 0
    """How many a page has, where that is written into its statement; 0: it is sent as a value."""


_ALL = Shape()


@dataclass(slots=True)
class Asked:
    """A request for a list, read."""

    shape: Shape
    values: dict[str, Any]
    limit: int | None = None
    count: bool = False
    pairs: Pairs = field(default_factory=list)
    of: str = ""
    """The collection's name."""
    texts: tuple[Any, ...] = ()
    """What the filters were given, as written: relative dates stay relative."""
    as_of: str = ""
    """The instant that the list is read at, if it is not now."""

    @property
    def whole(self) -> bool:
        """Whether all of a record is asked for, and nothing of others."""
        return not (self.shape.fields or self.shape.expand)

    @property
    def expand(self) -> Expand:
        """The relations to expand, as a tree."""
        tree: dict[str, Any] = {}
        for path in self.shape.expand:
            branch = tree
            for part in path.split("."):
                branch = branch.setdefault(part, {})
        return tree

    def with_id(self) -> None:
        """Let the id be among the fields that were asked for."""
        if self.shape.fields and "id" not in self.shape.fields:
            self.shape = self.shape._replace(fields=("id", *self.shape.fields))

    def fingerprint(self) -> str:
        """What a cursor is bound to: the collection, the filter and the order, not the page."""
        return _digest((self.of, self.texts, self.shape.sort, self.values.get("q"), self.as_of))

    def paged(self, limit: int) -> Shape:
        """The shape of a page with so many rows, and one behind it.

        If nothing but its place depends on values, one plan is right for all, and is kept: it has to see that few rows
        are wanted. Else each is planned, as which index is right depends on the values.
        """
        fixed = all(
            operator in TAKES_NONE or operator.startswith("is ") for _, operator in self.shape.filters
        )
        usual = fixed and not self.shape.terms and limit in _USUAL
        return self.shape._replace(rows=limit + 1 if usual else 0)

    def query(self, **changed: str) -> str:
        """The query string again, with some parameters changed."""
        kept = [
            f"{name}={quote(raw, safe='%,:.-_~+*')}" for name, raw, _ in self.pairs if name not in changed
        ]
        return "&".join(kept + [f"{name}={value}" for name, value in changed.items() if value])


@lru_cache(256)
def _digest(question: tuple[Any, ...]) -> str:
    return hashlib.sha256(repr(question).encode()).hexdigest()[:32]


def pairs_of(query: bytes) -> Pairs:
    """The parameters of a query string, each given once."""
    pairs: Pairs = []
    seen: set[str] = set()
    if not query:
        return pairs
    try:
        text = query.decode("ascii")
        read = partial(unquote_plus, errors="strict") if "%" in text or "+" in text else str
        for pair in text.split("&"):
            if not pair:  # `?a=1&` says nothing more than `?a=1`
                continue
            name, _, raw = pair.partition("=")
            name, value = read(name), read(raw)
            if name in seen:
                raise InvalidParameter(f"`{name[:100]}` is given twice.", errors=[_error(name, "repeated")])
            seen.add(name)
            pairs.append((name, raw, value))
    except UnicodeDecodeError:
        raise BadRequest("The query string is not percent-encoded UTF-8.") from None
    return pairs


def only(query: bytes, allowed: Sequence[str]) -> dict[str, str]:
    """The parameters of an address that knows just these."""
    given = {}
    for name, _, value in pairs_of(query):
        if name not in allowed:
            raise _no_such_parameter(name, allowed)
        given[name] = value
    return given


def _no_such_parameter(name: str, allowed: Sequence[str]) -> UnknownParameter:
    path = name.partition("__")[0]
    hint = did_you_mean(path[:100], allowed)
    if "did_you_mean" not in hint:
        hint = did_you_mean(name[:100], allowed)
    return UnknownParameter(
        f"There is no parameter `{name[:100]}` here.", errors=[_error(name, "unknown_parameter", **hint)]
    )


def read(
    collection: Collection,
    query: bytes,
    *,
    only: tuple[str, ...] | None = None,
    groups: bool = False,
    today: date | None = None,
) -> Asked:
    """Read a query string. `only` limits it to some reserved parameters (an item has no filter)."""
    if not query and only is not None:  # of most records all is read
        return Asked(_ALL, {}, of=collection.name)
    pairs = pairs_of(query)
    given = {name: value for name, _, value in pairs}
    listed = only is None
    reserved = (*(("q", "group_by") if groups else RESERVED if only is None else only), *EVERYWHERE)
    filters, values, texts = _filters(collection, pairs, reserved, today, filtered=listed)
    terms = search_terms(given["q"]) if "q" in given and listed else []
    values |= {f"t{number}": term for number, term in enumerate(terms)}
    if terms:
        values["q"] = given["q"]
    shape = Shape(
        filters=filters,
        sort=() if groups or not listed else _sort(collection, given.get("sort")),
        fields=_fields(collection, given.get("fields")),
        expand=_expand(collection, given.get("expand")),
        terms=len(terms),
        groups=_groups(collection, given.get("group_by")) if groups else (),
    )
    limit = _limit(given.get("limit"))
    return Asked(shape, values, limit, _count(given.get("count")), pairs, collection.name, texts)


def _error(name: str, code: str, **more: Any) -> dict[str, Any]:
    return {"parameter": name[:100], "code": code, **more}


def _invalid(name: str, message: str, got: str, **more: Any) -> InvalidParameter:
    return InvalidParameter(
        f"`{name[:100]}`: {message}.",
        errors=[_error(name, "unreadable", message=message, got=got[:100], **more)],
    )


def _filters(
    collection: Collection, pairs: Pairs, reserved: tuple[str, ...], today: date | None, *, filtered: bool
) -> tuple[tuple[tuple[str, str], ...], dict[str, Any], tuple[Any, ...]]:
    shape: list[tuple[str, str]] = []
    values: dict[str, Any] = {}
    texts = []
    for name, raw, _ in sorted(pairs):
        if name in reserved:
            continue
        path, _, operator = name.partition("__")
        known = collection.filters.get(path) if filtered else None
        if known is None:
            allowed = [*reserved, *(p for p, f in collection.filters.items() if filtered and not f.hidden)]
            raise _no_such_parameter(name, allowed)
        if operator not in known.kind.operators or name.endswith("__"):
            raise _no_such_operator(name, path, operator, known.kind, tuple(collection.filters))
        operator, value, parts = _value(name, known.kind, operator, raw, today)
        if value is not None:
            values[f"p{len(shape)}"] = value
        shape.append((path, operator))
        texts.append((path, operator, *parts))
    return tuple(shape), values, tuple(texts)


def _no_such_operator(
    name: str, path: str, operator: str, kind: Kind, names: tuple[str, ...]
) -> UnknownParameter:
    if not operator and not name.endswith("__"):  # a list has values, it does not equal one
        hint = did_you_mean(path, [f"{path}__{each}" for each in kind.operators])
        return UnknownParameter(
            f"`{path}` cannot be compared by `=` alone.", errors=[_error(name, "unknown_operator", **hint)]
        )
    hint = did_you_mean(operator[:50], [each for each in kind.operators if each])
    if "did_you_mean" not in hint:  # then it may be another field: `amendment.state__since`
        hint = did_you_mean(name[:100], names) | {"allowed": hint["allowed"]}
    return UnknownParameter(
        f"`{path}` has no operator `{operator[:50]}`.", errors=[_error(name, "unknown_operator", **hint)]
    )


def _value(name: str, kind: Kind, operator: str, raw: str, today: date | None) -> tuple[str, Any, list[str]]:
    """The operator as planned, the value to compare with, and the parts as written."""
    parts = [unquote_plus(raw)]
    if operator in TAKES_SEVERAL:
        parts = [unquote_plus(part) for part in raw.split(",")] if kind.commas else parts[0].split(",")
    if operator == "isnull":
        if parts[0] not in {"true", "false"}:
            raise _invalid(
                name, "`true` or `false` is expected", parts[0], **did_you_mean(parts[0][:100], FLAG.words)
            )
        return ("isnull" if parts[0] == "true" else "notnull"), None, parts
    if operator == "between" and len(parts) == 1:
        parts = parts[0].split("..")
    if operator == "between" and len(parts) != 2:
        raise _invalid(name, "two values are expected, from,to", raw)
    if len(parts) > _VALUES_MOST:
        raise _invalid(name, f"at most {_VALUES_MOST} values", raw)
    read_values = []
    for part in parts:
        try:
            if part == "":
                raise ValueError("a value is expected; for records without one use __isnull=true")
            read_values.append(kind.read(part, today) if kind.relative else kind.read(part))
        except ValueError as why:
            more = did_you_mean(part[:100], kind.words) if kind.words else {}
            raise _invalid(name, str(why), part, **more) from None
    if operator == "between" and read_values[0] > read_values[1]:
        raise _invalid(name, "the first value lies after the second", raw)
    if operator == "" and len(read_values) == 1:
        operator = "is"  # one value: an index can give the order as well
        if kind.name == "word":
            # Which of a few words says how many rows there are, so it is planned for each.
            operator = f"is {read_values[0]}"
    return operator, read_values if operator in TAKES_SEVERAL else read_values[0], parts


def _listed(name: str, given: str | None) -> list[str]:
    if given is None:
        return []
    parts = given.split(",")
    if len(set(parts)) != len(parts):
        raise _invalid(name, "each may be named once", given)
    return parts


def _sort(collection: Collection, given: str | None) -> tuple[tuple[str, bool], ...]:
    order = []
    for part in _listed("sort", given if given is not None else collection.default_sort):
        name = part.removeprefix("-")
        if name not in collection.sorts:
            raise InvalidParameter(
                f"`{name[:100]}` cannot be sorted by.",
                errors=[
                    _error(
                        "sort", "unknown_field", got=name[:100], **did_you_mean(name[:100], collection.sorts)
                    )
                ],
            )
        order.append((name, part.startswith("-")))
    if len({name for name, _ in order}) != len(order):
        raise _invalid("sort", "each may be named once", given or "")
    if "id" not in {name for name, _ in order}:
        order.append(("id", order[-1][1] if order else False))
    return tuple(order)


def _fields(collection: Collection, given: str | None) -> tuple[str, ...]:
    names = _listed("fields", given)
    for name in names:
        if name not in collection.outputs:
            raise InvalidParameter(
                f"There is no field `{name[:100]}`.",
                errors=[
                    _error(
                        "fields",
                        "unknown_field",
                        got=name[:100],
                        **did_you_mean(name[:100], [*collection.outputs]),
                    )
                ],
            )
    return tuple(names)


def _expand(collection: Collection, given: str | None) -> tuple[str, ...]:
    paths = _listed("expand", given)
    for path in paths:
        here = collection
        parts = path.split(".")
        if len(parts) > 2:
            raise _invalid("expand", "relations are expanded to depth 2", path)
        for part in parts:
            if part not in here.expandable:
                raise InvalidParameter(
                    f"`{part[:100]}` cannot be expanded.",
                    errors=[
                        _error(
                            "expand",
                            "unknown_relation",
                            got=path[:100],
                            **did_you_mean(part[:100], [*here.expandable]),
                        )
                    ],
                )
            here = here.expandable[part]
    return tuple(sorted(paths))


def _groups(collection: Collection, given: str | None) -> tuple[str, ...]:
    names = _listed("group_by", given)
    if not names or len(names) > _GROUPS_MOST:
        message = f"one to {_GROUPS_MOST} fields are expected"
        raise _invalid("group_by", message, given or "", allowed=_groupable(collection))
    for name in names:
        known = collection.filters.get(name)
        if known is None or known.group is None:
            hint = did_you_mean(name[:100], _groupable(collection))
            raise InvalidParameter(
                f"`{name[:100]}` cannot be grouped by.",
                errors=[_error("group_by", "unknown_field", got=name[:100], **hint)],
            )
    return tuple(names)


def _groupable(collection: Collection) -> list[str]:
    return [path for path, known in collection.filters.items() if known.group and not known.hidden]


def _limit(given: str | None) -> int | None:
    if given is None:
        return None
    if not re.fullmatch("[0-9]{1,9}", given) or not 1 <= int(given) <= LIMIT_MOST:
        raise _invalid("limit", f"a number from 1 to {LIMIT_MOST} is expected", given)
    return int(given)


def _count(given: str | None) -> bool:
    if given not in {None, "exact", "none"}:
        raise _invalid("count", "`exact` or `none` is expected", given or "", allowed=["exact", "none"])
    return given == "exact"


def search_terms(given: str) -> list[str]:
    """The words of a search, each to be found."""
    if not given.strip() or len(given) > _QUERY_MOST or min(given) < " ":
        raise _invalid("q", f"1 to {_QUERY_MOST} characters are expected", given)
    terms = given.split()
    if len(terms) > _TERMS_MOST:
        raise _invalid("q", f"at most {_TERMS_MOST} words", given)
    return terms


def every_parameter(collection: Collection) -> Iterator[tuple[str, str, Kind, str]]:
    """Path, operator, kind and description of all documented filters."""
    for path, known in collection.filters.items():
        if not known.hidden:
            for operator in known.kind.operators:
                yield path, operator, known.kind, known.description
