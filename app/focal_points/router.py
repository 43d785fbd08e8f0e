"""The operations on focal points."""

from app.focal_points.queries import FOCAL_POINTS
from app.operations.routes import endings, operations

router = operations(FOCAL_POINTS, tag="Focal points")
files = endings(FOCAL_POINTS)
