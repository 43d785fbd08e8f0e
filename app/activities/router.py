"""The operations on activities."""

from app.activities.queries import ACTIVITIES
from app.operations.routes import endings, operations

router = operations(ACTIVITIES, tag="Activities")
files = endings(ACTIVITIES)
