"""How organisations are read."""

from app.collection.collection import Collection
from app.collection.projection import Ref
from app.organisations.models import Organisation
from app.organisations.schemas import Organisation as OrganisationSchema
from app.organisations.writes import RULES

ORGANISATIONS = Collection(
    Organisation,
    OrganisationSchema,
    owner="country",
    singular="organisation",
    key="code",
    sorts=("code", "name", "kind"),
    default_sort="code",
    rules=RULES,
)
ORGANISATIONS.outputs["parent"] = Ref(ORGANISATIONS)
