"""The operations on events."""

from app.events.queries import EVENTS
from app.operations.routes import endings, operations

router = operations(EVENTS, tag="Events")
files = endings(EVENTS)
