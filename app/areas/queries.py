"""How areas are read."""

from app.areas.models import Area
from app.areas.schemas import Area as AreaSchema
from app.collection.collection import Collection

AREAS = Collection(Area, AreaSchema, singular="area", key="number", sorts=("number",), default_sort="number")
