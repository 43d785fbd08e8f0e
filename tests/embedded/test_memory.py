"""How much memory the server is given."""

from pathlib import Path

import pytest

from app.embedded.memory import available, shared_buffers

GB = 2**30


@pytest.mark.parametrize(
    ("memory", "given"), [(GB // 4, "128MB"), (2 * GB, "512MB"), (8 * GB, "2048MB"), (64 * GB, "4096MB")]
)
def test_the_server_gets_a_quarter_of_the_memory_within_bounds(memory: int, given: str) -> None:
    assert shared_buffers(memory) == given


def test_a_container_has_as_much_memory_as_it_may_take(tmp_path: Path) -> None:
    limit, none = tmp_path / "memory.max", tmp_path / "unlimited"
    limit.write_text("268435456\n")
    none.write_text("max\n")

    machine = available(())

    assert available((limit,)) == GB // 4
    assert available((none, tmp_path / "missing")) == machine > 0
