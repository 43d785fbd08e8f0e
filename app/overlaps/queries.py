"""How verdicts are read; the overlaps themselves are found (`finding`)."""

from app.collection.collection import Collection
from app.overlaps.models import OverlapVerdict
from app.overlaps.schemas import OverlapVerdict as OverlapVerdictSchema

OVERLAP_VERDICTS = Collection(
    OverlapVerdict,
    OverlapVerdictSchema,
    singular="overlap verdict",
    owner="owner",
    owner_of="(select s.owner from overlap_sight(overlap) s)",
    drafts=True,
    sorts=("overlap", "verdict"),
)
