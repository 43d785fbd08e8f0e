"""How records are found by their words, best first."""

from typing import Any, Literal

from sqlalchemy import (
    Integer,
    Numeric,
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
    union_all,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.sql.elements import ColumnElement

from app.activities.queries import ACTIVITIES
from app.amendments.queries import AMENDMENTS
from app.areas.queries import AREAS
from app.collection.collection import Collection
from app.collection.search import FINDABLE, by_stem, inside, matches
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
Way = Literal["by stem", "by stem first", "anywhere"]
"""Where words are looked for: by their stem, then also only inside others, or in both ways alike."""
_ABOVE_ALL = 3
"""What a hit by stem scores more where those come first: what only has the words inside scores less than that."""


def found(terms: int, way: Way, *, some_kinds: bool) -> Compiled:
    """Hits with kind, id, title and score."""
    return GOALS.statement(
        ("search", terms, way, some_kinds), lambda: _found(terms, way, some_kinds=some_kinds)
    )


def _newest(looked_for: ColumnElement[bool], above: int, *, some_kinds: bool) -> Select[Any]:
    texts = FINDABLE
    rows = select(
        texts.c.record_id, texts.c.kind, texts.c.title, texts.c.words, literal(above).label("above")
    )
    if some_kinds:
        looked_for = and_(looked_for, texts.c.kind == any_(bindparam("kinds", type_=ARRAY(Text))))
    return rows.where(looked_for).order_by(texts.c.record_id.desc()).limit(RANKED_AT_MOST)


def _found(terms: int, way: Way, *, some_kinds: bool) -> Select[Any]:
    stems = by_stem(FINDABLE.c.words)
    only_inside = and_(inside(FINDABLE.c.folded, terms), not_(stems))
    looked_for = {
        "by stem": [(stems, _ABOVE_ALL)],
        "by stem first": [(stems, _ABOVE_ALL), (only_inside, 0)],
        "anywhere": [(matches(FINDABLE, terms), 0)],
    }[way]
    parts = [_newest(each, above, some_kinds=some_kinds) for each, above in looked_for]
    newest = (union_all(*parts) if len(parts) > 1 else parts[0]).subquery()
    folded = func.fold(newest.c.title).label("folded")  # once for each, which takes longer than to rank it
    hits = select(*newest.c, folded).cte("hits").prefix_with("materialized")
    asked = func.fold(bindparam("q", type_=Text))
    words = func.ts_rank(hits.c.words, func.websearch_to_tsquery("english", asked), 1)
    title = hits.c.folded
    named = case((inside(title, terms), 1), else_=0)  # all that is looked for stands in the title
    # A title that has the very words is as near to them as they are to themselves, which is known beforehand.
    verbatim = func.strpos(literal(" ") + title + " ", literal(" ") + asked + " ") > 0
    near = case((verbatim, func.word_similarity(asked, asked)), else_=func.word_similarity(asked, title))
    score: ColumnElement[Any] = func.round((hits.c.above + named + words + near).cast(Numeric), 4)
    of_plan = hits.c.kind == PLANS.name
    kind = case((of_plan, literal("plan")), else_=func.replace(hits.c.kind, "_", "-"))
    href = case(
        (of_plan, literal("/v1/plan")), else_=literal("/v1/") + kind + "/" + hits.c.record_id.cast(Text)
    )
    hit = select(
        kind.label("kind"), hits.c.record_id.label("id"), hits.c.title.label("title"),
        score.label("score"), href.label("href"),
    ).order_by(score.desc(), hits.c.record_id).limit(bindparam("limit", type_=Integer)).subquery()  # fmt: skip
    return select(func.row_to_json(hit.table_valued()))
