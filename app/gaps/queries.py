"""How dismissals are read; the gaps themselves are counted (`counting`)."""

from app.collection.collection import Collection
from app.gaps.models import GapDismissal
from app.gaps.schemas import GapDismissal as GapDismissalSchema

GAP_DISMISSALS = Collection(
    GapDismissal, GapDismissalSchema, singular="gap dismissal", drafts=True, sorts=("gap", "until")
)
