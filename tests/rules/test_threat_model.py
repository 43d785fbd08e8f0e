"""The threat model names tests that exist, and leaves out none of the ten risks."""

import re
from pathlib import Path

TESTS = Path(__file__).parents[1]
MODEL = (TESTS.parent / "docs" / "threat-model.md").read_text()
DEFINED = re.compile(r"^(?:async )?def (test_\w+)", re.MULTILINE)


def test_every_test_that_it_names_exists() -> None:
    named = set(re.findall(r"`(test_[a-z0-9_]+)`", MODEL))
    there = {name for path in TESTS.rglob("test_*.py") for name in DEFINED.findall(path.read_text())}
    assert len(named) > 60
    assert named - there == set(), (
        "a promise has lost its test: name another, or move it to what is not defended"
    )


def test_every_risk_and_every_requirement_has_a_test() -> None:
    rows = [line for line in MODEL.splitlines() if re.match(r"\| (API\d+|\d+\.\d+\.\d+)", line)]
    assert {line.split()[1] for line in rows if "API" in line.split()[1]} == {f"API{n}" for n in range(1, 11)}
    assert [line for line in rows if "`test_" not in line.rsplit("|", 2)[1]] == []
