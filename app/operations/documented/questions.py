"""What a list may be asked, made from the declaration of its collection: filters, order, shape, counts."""

from functools import cache
from typing import Any

from app.collection.asked import LIMIT, LIMIT_MOST
from app.collection.collection import Collection
from app.collection.fields import TAKES_SEVERAL, Kind
from app.collection.projection import Links, Ref
from app.operations.documented.examples import EXAMPLE_ID, example_of
from app.operations.documented.parameters import COMPARE, CURSOR, parameter
from app.operations.documented.patterns import DATES, FILTER_TEXT, INSTANTS, SPACES, UUID, WORD, several

_EXPLICIT = ("", "gte", "lte", "has")
_MEANING = {
    "": "One value, or several separated by commas.",
    "gte": "At least, from.",
    "lte": "At most, until.",
    "has": "The list has this value, or one of several separated by commas.",
}
_VALUES_MOST = 200


def _paths(collection: Collection) -> list[str]:
    """The relations that `expand` may name, each with those that may follow it, as patterns."""
    return [
        f"{name}([.]({'|'.join(to.expandable)}))?" if to.expandable else name
        for name, to in collection.expandable.items()
    ]


def shaping_parameters(collection: Collection) -> list[dict[str, Any]]:
    """`fields` and `expand`."""
    names = list(collection.outputs)
    found = [
        parameter(
            "fields",
            "Only these fields, separated by commas; the answer leaves out all others, also `id`. "
            f"There are: {', '.join(names)}.",
            several(names),
            f"id,{collection.key or 'version'}",
        )
    ]
    if paths := _paths(collection):
        found.append(
            parameter(
                "expand",
                "Whole records in place of references, and the records that refer to this one; separated by commas, "
                f"to depth 2. There are: {', '.join(collection.expandable)}.",
                several(paths),
                next(iter(collection.expandable)),
            )
        )
    return found


@cache
def filter_parameters(collection: Collection) -> tuple[dict[str, Any], ...]:
    """Filters: every field, and its ordering operators; the others are named in the description."""
    found = []
    for path, known in collection.filters.items():
        if known.hidden:
            continue
        for operator in known.kind.operators:
            if operator not in _EXPLICIT:
                continue
            meaning = known.description or path
            description = f"{meaning} {_MEANING[operator]}"
            if known.kind.words and operator in TAKES_SEVERAL:
                description += f" One or several of {', '.join(known.kind.words)}."
            if operator in {"", "has"}:
                more = [f"`__{other}`" for other in known.kind.operators if other not in _EXPLICIT]
                description += f" Also {', '.join(more)}."
            name = f"{path}__{operator}" if operator else path
            schema = _filter_schema(known.kind, operator)
            found.append(parameter(name, description, schema, filter_example(collection, path, known.kind)))
    return (*found, query_words())


def query_words() -> dict[str, Any]:
    """`q`."""
    return parameter(
        "q",
        "Words to look for, eight at most: by stem, or anywhere inside the text; case and accents do not matter.",
        {
            "type": "string",
            "maxLength": 200,
            "pattern": f"^[{SPACES}]*{WORD}([{SPACES}]+{WORD}){{0,7}}[{SPACES}]*$",
        },
        "mediation",
    )


def _filter_schema(kind: Kind, operator: str) -> dict[str, Any]:
    """What a filter takes. Several values are one text, except where a number or a flag is expected."""
    many = operator in TAKES_SEVERAL
    if kind.words and kind.name != "flag":
        return several(kind.words)
    match kind.name:
        case "date":
            one = DATES
        case "instant":
            one = INSTANTS
        case "id":
            one = UUID
        case "integer":
            return {**kind.schema, "minimum": -(2**31), "maximum": 2**31 - 1}
        case "text" | "texts":
            return {"type": "string", "minLength": 1, "maxLength": 10_000, "pattern": FILTER_TEXT}
        case _:
            return dict(kind.schema)
    repeated = f"(,{one}){{0,{_VALUES_MOST - 1}}}" if many else ""
    return {"type": "string", "maxLength": 10_000, "pattern": f"^{one}{repeated}$"}


def filter_example(collection: Collection, path: str, kind: Kind) -> Any:
    """The example of the field that the path ends in, else one of the kind."""
    here = collection
    parts = path.split(".")
    for part in parts[:-1]:
        here = next(
            (
                source.to
                for name, source in here.outputs.items()
                if isinstance(source, Ref | Links) and part in {name, getattr(source, "singular", name)}
            ),
            here,
        )
    value = example_of(here, parts[-1]) if parts[-1] in here.outputs else None
    if isinstance(value, list):
        value = value[0] if value else None
    if value is None or kind.name == "instant":
        plain = {"date": "2025-06-24", "instant": "-30d", "id": EXAMPLE_ID, "integer": 1, "flag": False}
        value = kind.words[0] if kind.words and kind.name != "flag" else plain.get(kind.name, "Tokyo")
    return value


def list_parameters(collection: Collection) -> list[dict[str, Any]]:
    """Everything that a list may be asked."""
    sortable = ", ".join(collection.sorts)
    return [
        *filter_parameters(collection),
        parameter(
            "sort",
            f"Order: {sortable}; `-` before a name turns it round. The id always closes the order. "
            f"Default: `{collection.default_sort}`.",
            several(f"-?{name}" for name in collection.sorts),
            collection.default_sort,
        ),
        *shaping_parameters(collection),
        parameter(
            "limit",
            "Records on a page; in CSV, XLSX and NDJSON: in all.",
            {"type": "integer", "format": "int32", "minimum": 1, "maximum": LIMIT_MOST, "default": LIMIT},
            LIMIT,
        ),
        CURSOR,
        COMPARE,
        parameter(
            "count",
            "`exact`: with the number of records.",
            {"type": "string", "enum": ["exact", "none"], "default": "none"},
            "exact",
        ),
    ]


def grouped(collection: Collection) -> str:
    """A field that one would count by."""
    known = collection.filters
    return next(
        path
        for path in ("status", "kind", "side", "country", "number", "gap", "body.code", "verdict")
        if path in known
    )


def stats_parameters(collection: Collection) -> list[dict[str, Any]]:
    allowed = [path for path, known in collection.filters.items() if known.group and not known.hidden]
    return [
        parameter(
            "group_by",
            f"One to three fields, separated by commas: {', '.join(allowed)}.",
            several([path.replace(".", "[.]") for path in allowed], 3),
            grouped(collection),
        )
        | {"required": True},
        *filter_parameters(collection),
    ]
