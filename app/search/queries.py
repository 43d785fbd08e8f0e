"""How records are found by their words, best first."""

from collections.abc import Iterable, Mapping
from typing import Any, Literal

from sqlalchemy import (
    ARRAY,
    CTE,
    FromClause,
    Integer,
    Select,
    Text,
    and_,
    any_,
    bindparam,
    case,
    column,
    func,
    literal,
    not_,
    or_,
    select,
    true,
    union_all,
)
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.types import TypeEngine

from app.activities.queries import ACTIVITIES
from app.amendments.queries import AMENDMENTS
from app.areas.queries import AREAS
from app.collection.collection import Collection
from app.collection.search import FINDABLE, by_stem, inside
from app.consultations.queries import CONSULTATIONS
from app.countries.queries import COUNTRIES
from app.db import Compiled
from app.decisions.queries import DECISIONS
from app.events.queries import EVENTS
from app.focal_points.queries import FOCAL_POINTS
from app.framework_items.queries import FRAMEWORK_ITEMS
from app.gaps.queries import GAP_DISMISSALS
from app.goals.queries import GOALS
from app.journal import JOURNAL_HEAD, VERSION_OF_DATA
from app.organisations.queries import ORGANISATIONS
from app.overlaps.queries import OVERLAP_VERDICTS
from app.persons.queries import PERSONS
from app.plan.queries import PLANS
from app.progress_reports.queries import PROGRESS_REPORTS
from app.report_lines.queries import REPORT_LINES

SEARCHED: dict[str, Collection] = {
    each.path: each
    for each in (
        GOALS, ACTIVITIES, EVENTS, FOCAL_POINTS, PERSONS, ORGANISATIONS, COUNTRIES, CONSULTATIONS, AREAS, PLANS,
        PROGRESS_REPORTS, REPORT_LINES, GAP_DISMISSALS, FRAMEWORK_ITEMS, AMENDMENTS, DECISIONS,
        OVERLAP_VERDICTS,
    )
}  # fmt: skip
RANKED_AT_MOST = 1000
"""Only so many hits are ranked, newest first, so that a common word costs no more than a rare one."""
_PLACES = literal(10_000.0)
"""A score has four decimal places."""
Way = Literal["by stem", "by stem first", "anywhere"]
"""Where words are looked for: by their stem, then also only inside others, or in both ways alike."""
_BY_DIFFERENT_WORDS = 16
"""What `ts_rank` takes off for long texts: by the logarithm of how many different words they have, which is known."""
_HIT = '{"kind":"%1$s","id":"%2$s","title":%3$s,"score":%4$s,"href":"/v1/%1$s/%2$s"}'
"""How a hit is told: in half the time that `row_to_json` takes. Only a title can hold what JSON writes otherwise."""
_THE_PLAN = _HIT.replace("%1$s/%2$s", "plan").replace("%1$s", "plan")
_AS_NEAR_AS_CAN_BE = 1
"""What `word_similarity` tells of a title that has the words in it."""
_ABOVE_ALL = 3
"""What a hit by stem scores more where those come first: what only has the words inside scores less than that."""


def found(terms: int, way: Way, *, some_kinds: bool) -> Compiled:
    """The version of the data, the number of hits, these as JSON, and of how many they are the best. It is planned with
    the words each time, since the best way to rare words is the worst to common ones.
    """
    return GOALS.statement(
        ("search", terms, way, some_kinds), lambda: _found(terms, way, some_kinds=some_kinds)
    )


def found_rare(
    terms: int, way: Way, *, some_kinds: bool, counted: bool = False, together: bool = False
) -> Compiled:
    """The same of words that few records have: one plan is right for these, and kept. It ranks all hits, and does not
    look for the newest first: where there are `RANKED_AT_MOST` or more, it is not the answer.
    `counted`: it tells of how many hits these are the best; else not, which is faster.
    `together`: of several searches, from arrays of what is given; before each row, its place in them.
    """
    return GOALS.statement(
        ("search for rare words", terms, way, some_kinds, counted, together),
        lambda: _found_rare(terms, way, some_kinds=some_kinds, counted=counted, together=together),
    )


def _found(terms: int, way: Way, *, some_kinds: bool) -> Select[Any]:
    given = {
        name: bindparam(name, type_=type_) for name, type_ in _types(terms, some_kinds=some_kinds).items()
    }
    asked = _asked(given, terms)
    kinds = _kinds(given["kinds"]) if some_kinds else None
    looked_for = _looked_for(way, by_stem(FINDABLE.c.words), inside(FINDABLE.c.folded, terms))
    newest = _together(
        _hits(each, above, kinds).order_by(FINDABLE.c.record_id.desc()).limit(RANKED_AT_MOST)
        for each, above in looked_for
    )
    told = _told(_scored(newest, asked, terms), given["limit"], counted=True).subquery("told")
    return select(*VERSION_OF_DATA, *told.c).select_from(JOURNAL_HEAD.join(told, true()))


def _found_rare(terms: int, way: Way, *, some_kinds: bool, counted: bool, together: bool) -> Select[Any]:
    given = _unread(_types(terms, some_kinds=some_kinds), together=together)
    patterns = way != "by stem"
    asked = _asked(given, terms, patterns=patterns)
    kinds = asked.c.kinds if some_kinds else None
    stems = FINDABLE.c.words.bool_op("@@")(asked.c.words)
    anywhere = _has(FINDABLE.c.folded, asked, terms, patterns=patterns)
    hits = _together(
        _hits(each, above, kinds).limit(RANKED_AT_MOST).correlate(asked)
        for each, above in _looked_for(way, stems, anywhere)
    )
    scored = _scored(hits, asked, terms, patterns=patterns).correlate(asked)
    told = _told(scored, asked.c.limit, counted=counted).lateral("told")
    place = [asked.c.place] if together else []
    return select(*place, *VERSION_OF_DATA, *told.c).select_from(
        JOURNAL_HEAD.join(asked, true()).join(told, true())
    )


def _looked_for(
    way: Way, stems: ColumnElement[bool], inside: ColumnElement[bool]
) -> list[tuple[ColumnElement[bool], int]]:
    """What is looked for one after the other, each with what its hits score more."""
    return {
        "by stem": [(stems, _ABOVE_ALL)],
        "by stem first": [(stems, _ABOVE_ALL), (and_(inside, not_(stems)), 0)],
        "anywhere": [(or_(stems, inside), 0)],
    }[way]


def _together(parts: Iterable[Select[Any]]) -> FromClause:
    first, *others = parts
    return union_all(first, *others).subquery() if others else first.subquery()


def _types(terms: int, *, some_kinds: bool) -> dict[str, TypeEngine[Any]]:
    """What a search is told, by name. Kinds are one text, since arrays of arrays cannot be taken apart."""
    words: dict[str, TypeEngine[Any]] = {name: Text() for name in ("q", *_words(terms))}
    return words | {"limit": Integer()} | ({"kinds": Text()} if some_kinds else {})


def _words(terms: int) -> list[str]:
    return [f"t{number}" for number in range(terms)]


def _kinds(given: ColumnElement[str]) -> ColumnElement[Any]:
    return func.string_to_array(given, ",", type_=ARRAY(Text))


def _unread(types: Mapping[str, TypeEngine[Any]], *, together: bool) -> Mapping[str, ColumnElement[Any]]:
    """What is given, in a way that no plan can look into, nor count how many are together."""
    wanted = {name: ARRAY(type_) if together else type_ for name, type_ in types.items()}
    given = select(*(bindparam(name, type_=type_).label(name) for name, type_ in wanted.items())).cte("given")
    given = given.prefix_with("materialized")
    if not together:
        return dict(given.c)
    columns = (column(name, type_) for name, type_ in types.items())
    each = func.unnest(*given.c).table_valued(*columns, with_ordinality="place").render_derived()
    return dict(select(each).select_from(given.join(each, true())).subquery("each").c)


def _asked(given: Mapping[str, ColumnElement[Any]], terms: int, *, patterns: bool = True) -> CTE:
    """What is looked for, made ready once. `offset` keeps what is folded from being folded wherever it is used.
    `patterns`: words are looked for by an index, too, which takes them as patterns only; that takes longer to make.
    """
    ready_made = func.like_pattern if patterns else func.fold
    words = {name: ready_made(given[name]) for name in _words(terms)}
    folded_once = {**given, **words, "q": func.fold(given["q"])}
    once = select(*(value.label(name) for name, value in folded_once.items())).offset(0).subquery("once")
    q = once.c.q
    ready = {
        **once.c,
        "words": func.websearch_to_tsquery("english", q),
        "spaced": literal(" ") + q + " ",  # so that whole words are looked for
    }
    if "kinds" in given:
        ready["kinds"] = _kinds(once.c.kinds)
    return (
        select(*(value.label(name) for name, value in ready.items())).cte("asked").prefix_with("materialized")
    )


def _hits(looked_for: ColumnElement[bool], above: int, kinds: ColumnElement[Any] | None) -> Select[Any]:
    told = (FINDABLE.c[name] for name in ("record_id", "kind", "title", "words", "spaced_title"))
    rows = select(*told, literal(above).label("above"))
    if kinds is not None:
        looked_for = and_(looked_for, FINDABLE.c.kind == any_(kinds))
    return rows.where(looked_for)


def _scored(found: FromClause, asked: CTE, terms: int, *, patterns: bool = True) -> Select[Any]:
    """All hits with their scores."""
    words = func.ts_rank(found.c.words, asked.c.words, _BY_DIFFERENT_WORDS)
    title = found.c.spaced_title
    # a title that has the very words is as near to them as can be: that needs no measuring
    verbatim = func.strpos(title, asked.c.spaced) > 0
    near = case((_has(title, asked, terms, patterns=patterns), 1), else_=0) + func.word_similarity(
        asked.c.q, title
    )
    of_title = case((verbatim, 1 + _AS_NEAR_AS_CAN_BE), else_=near)  # one more where all of them stand in it
    score: ColumnElement[Any] = func.round((found.c.above + words + of_title) * _PLACES)
    return select(found.c.kind, found.c.record_id, found.c.title, score.label("score"))


def _has(text: ColumnElement[str], asked: CTE, terms: int, *, patterns: bool) -> ColumnElement[bool]:
    """Whether all of the words stand in a text."""
    words = [asked.c[name] for name in _words(terms)]
    return and_(*(text.bool_op("like")(each) if patterns else func.strpos(text, each) > 0 for each in words))


def _told(scored: Select[Any], limit: ColumnElement[int], *, counted: bool) -> Select[Any]:
    """How many the best hits are, what is told of them, and, if they are `counted`, of how many they are the best."""
    if counted:
        scored = scored.add_columns(func.count().over().label("ranked"))
    hits = scored.subquery("scored")
    best = select(hits).order_by(hits.c.score.desc(), hits.c.record_id).limit(limit).subquery("best")
    form = case((best.c.kind == PLANS.name, _THE_PLAN), else_=_HIT)
    kind = func.replace(best.c.kind, "_", "-")
    score = best.c.score / _PLACES
    one = func.format(form, kind, best.c.record_id, func.to_json(best.c.title), score)
    columns = [func.count(), func.coalesce(func.string_agg(one, ","), "")]
    ranked = [func.coalesce(func.max(best.c.ranked), 0)] if counted else []
    return select(*columns, *ranked).select_from(best)
