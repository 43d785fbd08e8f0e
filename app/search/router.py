"""The search over all kinds."""

import re
from functools import partial
from typing import Any

from fastapi import APIRouter, Request, Response

from app.access.permissions import Permission
from app.collection.asked import EVERYWHERE, only, search_terms
from app.collection.search import in_trigrams, spaced
from app.errors import InvalidParameter, did_you_mean
from app.http.formats import JSON, chosen
from app.operations import documented as doc
from app.operations.answering import digest
from app.operations.doors import open_door
from app.operations.kept import Version
from app.operations.serving import caller_of, context_at, headers_of, moment_of, service_of
from app.operations.versions import of_version
from app.search.documented import HITS
from app.search.queries import SEARCHED, Way, found, found_rare
from app.search.rarity import are_few, few, remember

router = APIRouter(tags=["Search"])
_HITS, _HITS_MOST = 20, 100
_NUMERAL = re.compile("[0-9]{1,9}")
_ABREAST = 2
"""A search takes the database longer than us."""
_POSITION, _NUMBER, _RANKED = 0, 2, 4
"""Where a statement tells of what position of the journal it is, how many hits there are, and of how many the best."""
_PARAMETERS = ("q", "kind", "limit", *EVERYWHERE)


async def search(request: Request) -> Response:
    """Look for words in all kinds of record, best hits first; case and accents do not matter. Words are found by stem;
    if fewer than `limit` are, then also anywhere inside a text, after those. Where a script does not set words apart,
    they are looked for anywhere at once. Of very many hits the newest thousand are ranked.
    """
    headers = headers_of(request)
    moment = await moment_of(request)
    context, view = await context_at(request, moment), (await caller_of(request)).view
    chosen(headers.get(b"accept"), (JSON,))
    given = only(request.scope["query_string"], _PARAMETERS)
    terms = search_terms(given.get("q", ""))
    kinds = given["kind"].split(",") if "kind" in given else []
    for kind in kinds:
        if kind not in SEARCHED:
            hint = did_you_mean(kind[:100], list(SEARCHED))
            raise InvalidParameter(
                f"There is no kind `{kind[:100]}`.", errors=[{"parameter": "kind", "code": "unknown", **hint}]
            )
    limit = given.get("limit", str(_HITS))
    if not _NUMERAL.fullmatch(limit) or not 1 <= int(limit) <= _HITS_MOST:
        raise InvalidParameter(
            f"`limit` is 1 to {_HITS_MOST}.", errors=[{"parameter": "limit", "code": "unreadable"}]
        )
    values: dict[str, Any] = {f"t{number}": term for number, term in enumerate(terms)}
    values |= {"q": given["q"], "limit": int(limit)}
    if kinds:
        values["kinds"] = ",".join(SEARCHED[kind].name for kind in kinds)
    database, size, some_kinds = service_of(request).database, len(terms), bool(kinds)

    async def rare_hits(way: Way, *, counted: bool) -> Any:
        plan = partial(found_rare, size, way, some_kinds=some_kinds, counted=counted)
        return await database.one(values, plan(), partial(plan, together=True), context, abreast=_ABREAST)

    async def hits(way: Way) -> Any:
        known = few(way, values["q"], view) if moment is None else None
        told: Any = None
        if known is not None and (way == "by stem" or all(map(in_trigrams, terms))):
            if known.lately:
                told = await rare_hits(way, counted=False)
                if known.still_few(told[_POSITION]):
                    return told
            told = await rare_hits(way, counted=True)
        if told is None or not are_few(told[_RANKED]):
            told = (await database.fetch(found(size, way, some_kinds=some_kinds), values, context))[0]
        some_are_few = some_kinds and are_few(told[_RANKED])  # which tells nothing of all kinds
        if moment is None and not some_are_few:
            remember(way, values["q"], view, told[_RANKED], told[_POSITION])
        return told

    async def best_hits() -> Any:
        if not spaced(values["q"]):
            return await hits("anywhere")
        known = few("by stem", values["q"], view) if moment is None else None
        if not (known and known.lately and known.hits < values["limit"]):  # so few would not fill the page
            told = await hits("by stem")
            if told[_NUMBER] >= values["limit"]:
                return told
        return await hits("by stem first")

    async def read() -> tuple[Version, str]:
        position, state, _, items, *_ = await best_hits()
        return (position, state), f'{{"items":[{items}]}}'

    return await of_version(request, moment, context, digest(request, moment, people=True), read)


open_door(
    router,
    "GET",
    "/search",
    search,
    "search",
    Permission.READ,
    summary="Search everything",
    responses=doc.ok(200, "The best hits.", HITS, "ETag", "Memento-Datetime") | doc.problems(*doc.READS, 304),
    openapi_extra={
        "parameters": [
            {**doc.query_words(), "required": True},
            doc.parameter(
                "kind",
                f"Only these kinds, separated by commas: {', '.join(SEARCHED)}.",
                doc.several(SEARCHED),
                "events,activities",
            ),
            doc.parameter(
                "limit",
                "Hits at most.",
                {"type": "integer", "format": "int32", "minimum": 1, "maximum": _HITS_MOST, "default": _HITS},
                _HITS,
            ),
            *doc.AS_OF,
            doc.IF_NONE_MATCH,
        ]
    },
)
