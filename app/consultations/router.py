"""The operations on consultations."""

from app.consultations.queries import CONSULTATIONS
from app.operations.routes import endings, operations

router = operations(CONSULTATIONS, tag="Consultations")
files = endings(CONSULTATIONS)
