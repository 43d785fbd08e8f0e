"""The operations on items of other frameworks."""

from app.framework_items.queries import FRAMEWORK_ITEMS
from app.operations.routes import endings, operations

router = operations(FRAMEWORK_ITEMS, tag="Framework items")
files = endings(FRAMEWORK_ITEMS)
