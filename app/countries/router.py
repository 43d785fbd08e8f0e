"""The operations on countries."""

from app.countries.queries import COUNTRIES
from app.operations.routes import endings, operations

router = operations(COUNTRIES, tag="Countries")
files = endings(COUNTRIES)
