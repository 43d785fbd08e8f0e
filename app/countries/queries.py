"""How countries are read."""

from app.collection.collection import Collection
from app.countries.models import Country
from app.countries.schemas import Country as CountrySchema

COUNTRIES = Collection(
    Country, CountrySchema, singular="country", key="code", sorts=("code", "name"), default_sort="code"
)
