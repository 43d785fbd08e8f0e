"""The operations on persons."""

from app.operations.routes import endings, operations
from app.persons.queries import PERSONS

router = operations(PERSONS, tag="Persons")
files = endings(PERSONS)
