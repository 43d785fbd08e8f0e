"""What every file of a status report is made of."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from app.report_files.lettering import shown

Report = Mapping[str, Any]


@dataclass(frozen=True)
class Given:
    """A report, and what is said of it beside its content."""

    report: Report
    digest: str
    """SHA-256 of its JSON."""
    base: str
    """Address of the register."""

    @cached_property
    def names(self) -> dict[str, str]:
        """Of the countries that are parties."""
        return {each["country"]: shown(each["name"]) for each in self.report["members"]}

    def at(self, href: str | None) -> str | None:
        """Where a number leads: to its rows, of a frozen report to those of then."""
        if href is None or self.report["kind"] == "live":
            return href and self.base + href
        moment = self.report["as_of"].replace("+00:00", "Z")
        return f"{self.base}{href}{'&' if '?' in href else '?'}as_of={moment}"
