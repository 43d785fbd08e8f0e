"""How records are found by their words, best first."""

from typing import Any, Literal

from sqlalchemy import (
    CTE,
    Integer,
    Select,
    Text,
    and_,
    any_,
    bindparam,
    case,
    func,
    literal,
    not_,
    select,
    true,
    union_all,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.sql.elements import ColumnElement

from app.activities.queries import ACTIVITIES
from app.amendments.queries import AMENDMENTS
from app.areas.queries import AREAS
from app.collection.collection import Collection
from app.collection.search import FINDABLE, by_stem, folded, inside, matches
from app.consultations.queries import CONSULTATIONS
from app.countries.queries import COUNTRIES
from app.db import Compiled
from app.decisions.queries import DECISIONS
from app.events.queries import EVENTS
from app.focal_points.queries import FOCAL_POINTS
from app.framework_items.queries import FRAMEWORK_ITEMS
from app.gaps.queries import GAP_DISMISSALS
from app.goals.queries import GOALS
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
_RANKED = func.count().over().label("ranked")
"""How many hits were ranked, beside each of the best."""
_PLACES = literal(10_000.0)
"""A score has four decimal places."""
Way = Literal["by stem", "by stem first", "anywhere"]
"""Where words are looked for: by their stem, then also only inside others, or in both ways alike."""
_ABOVE_ALL = 3
"""What a hit by stem scores more where those come first: what only has the words inside scores less than that."""


def found(terms: int, way: Way, *, some_kinds: bool, rare: bool = False) -> Compiled:
    """Hits as JSON. `rare`: few records have these words by stem, for which one plan is right and kept; else it is made
    with the words each time, since the best way to rare words is the worst to common ones, and each hit comes with the
    number of those that were ranked.
    """
    return GOALS.statement(
        ("search", terms, way, some_kinds, rare), lambda: _found(terms, way, some_kinds=some_kinds, rare=rare)
    )


def _newest(looked_for: ColumnElement[bool], above: int, *, some_kinds: bool) -> Select[Any]:
    texts = FINDABLE
    rows = select(
        texts.c.record_id, texts.c.kind, texts.c.title, texts.c.words, literal(above).label("above")
    )
    if some_kinds:
        looked_for = and_(looked_for, texts.c.kind == any_(bindparam("kinds", type_=ARRAY(Text))))
    return rows.where(looked_for).order_by(texts.c.record_id.desc()).limit(RANKED_AT_MOST)


def _asked(terms: int, *, rare: bool) -> CTE:
    """What is looked for, made ready once. `rare`: in a way that no plan can look into."""
    given: dict[str, Any] = {name: bindparam(name, type_=Text) for name in _given(terms)}
    if rare:
        unread = select(*(value.label(name) for name, value in given.items())).cte("given")
        given = dict(unread.prefix_with("materialized").c)
    q = func.fold(given["q"])
    patterns = (func.like_pattern(given[name]).label(name) for name in _given(terms)[1:])
    query = func.websearch_to_tsquery("english", q)
    asked = select(q.label("q"), query.label("words"), func.word_similarity(q, q).label("itself"), *patterns)
    return asked.cte("asked").prefix_with("materialized")


def _given(terms: int) -> list[str]:
    return ["q", *(f"t{number}" for number in range(terms))]


def _found(terms: int, way: Way, *, some_kinds: bool, rare: bool) -> Select[Any]:
    asked = _asked(terms, rare=rare)
    stems = FINDABLE.c.words.bool_op("@@")(asked.c.words) if rare else by_stem(FINDABLE.c.words)
    only_inside = and_(inside(FINDABLE.c.folded, terms), not_(stems))
    looked_for = {
        "by stem": [(stems, _ABOVE_ALL)],
        "by stem first": [(stems, _ABOVE_ALL), (only_inside, 0)],
        "anywhere": [(matches(FINDABLE, terms), 0)],
    }[way]
    parts = [_newest(each, above, some_kinds=some_kinds) for each, above in looked_for]
    newest = (union_all(*parts) if len(parts) > 1 else parts[0]).subquery()
    # `offset` keeps what is folded, which takes longer than to rank it, from being written out wherever it is used
    hits = select(*newest.c, folded(newest.c.title).label("folded")).offset(0).subquery("hits")
    words = func.ts_rank(hits.c.words, asked.c.words, 1)
    title = hits.c.folded
    all_there = and_(*(title.bool_op("like")(asked.c[name]) for name in _given(terms)[1:]))
    named = case((all_there, 1), else_=0)  # all that is looked for stands in the title
    # A title that has the very words is as near to them as they are to themselves, which is known beforehand.
    verbatim = func.strpos(literal(" ") + title + " ", literal(" ") + asked.c.q + " ") > 0
    near = case((verbatim, asked.c.itself), else_=func.word_similarity(asked.c.q, title))
    score: ColumnElement[Any] = func.round((hits.c.above + named + words + near) * _PLACES)
    best = (
        select(
            hits.c.kind, hits.c.record_id, hits.c.title, score.label("score"), *([] if rare else [_RANKED])
        )
        .select_from(asked.join(hits, true()))
        .order_by(score.desc(), hits.c.record_id)
        .limit(bindparam("limit", type_=Integer))
        .subquery("best")
    )
    of_plan = best.c.kind == PLANS.name
    kind = case((of_plan, literal("plan")), else_=func.replace(best.c.kind, "_", "-"))
    place = case(
        (of_plan, literal("/v1/plan")), else_=literal("/v1/") + kind + "/" + best.c.record_id.cast(Text)
    )
    hit = select(
        kind.label("kind"), best.c.record_id.label("id"), best.c.title,
        (best.c.score / _PLACES).label("score"), place.label("href"),
    ).correlate(best).lateral("hit")  # fmt: skip
    told = [func.row_to_json(hit.table_valued()), *([] if rare else [best.c.ranked])]
    return select(*told).select_from(best.join(hit, true()))
