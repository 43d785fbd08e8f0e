"""A focal point of Japan and the person behind it, with values that nothing else holds. All are made up."""

from dataclasses import dataclass
from typing import Any

import pytest

from tests import make
from tests.cast import Cast

NAME, MAIL, PHONE = "試験 太郎ツキノワ", "tsukinowa.test@example.org", "+81 3 3580 9071"
ROMANISED = "SHIKEN Tarotsukinowa"
CANARIES = (NAME, MAIL, PHONE, ROMANISED, "Tarotsukinowa", "3580 9071")


@dataclass
class Behind:
    """The person, and the office for which they answer."""

    person: dict[str, Any]
    office: dict[str, Any]

    @property
    def at(self) -> str:
        return f"/v1/persons/{self.person['id']}"

    @property
    def office_at(self) -> str:
        return f"/v1/focal-points/{self.office['id']}"


@pytest.fixture
async def behind(cast: Cast) -> Behind:
    """Made by Japan."""
    person = await make.record(
        cast.japan_editor, "persons", country="JP", display=NAME, romanised=ROMANISED, email=MAIL, phone=PHONE,
        title="Director (test)", keys=["moj-jp:person-1"],
    )  # fmt: skip
    office = await make.record(
        cast.japan_editor, "focal-points", country="JP", person={"id": person["id"]}, keys=["moj-jp:office-1"]
    )
    return Behind(person, office)
