"""The operations on organisations."""

from app.operations.routes import endings, operations
from app.organisations.queries import ORGANISATIONS

router = operations(ORGANISATIONS, tag="Organisations")
files = endings(ORGANISATIONS)
