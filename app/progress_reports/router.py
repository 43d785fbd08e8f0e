"""The operations on progress reports."""

from app.operations.moves import moves
from app.operations.routes import endings, operations
from app.progress_reports.queries import PROGRESS_REPORTS
from app.progress_reports.writes import MOVES

_TAG = "Progress reports"
router = operations(PROGRESS_REPORTS, tag=_TAG)
steps = moves(PROGRESS_REPORTS, MOVES, tag=_TAG)
files = endings(PROGRESS_REPORTS)
