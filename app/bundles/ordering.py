"""Which entries have to come before which: read from the references in their bodies."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter
from typing import Any
from uuid import UUID

from app.bundles.schemas import BundleEntry
from app.collection.collection import Collection
from app.collection.projection import Links, Ref
from app.errors import did_you_mean

_NAMES = ("id", "code", "number", "key")
NOBODY = str(UUID(int=0))
"""Stands for a record that could not be written, so that the rest of an entry is looked at all the same."""


@dataclass(slots=True)
class Task:
    """An entry at work."""

    place: int
    sent: BundleEntry
    collection: Collection
    errors: list[Mapping[str, Any]] = field(default_factory=list)
    needs: set[int] = field(default_factory=set)
    """Entries whose records this one refers to."""
    locals: dict[str, int | None] = field(default_factory=dict)
    """By pointer in the body: the entry that a local reference means, if there is one."""

    means: int | None = None
    """The entry that makes the record which this one names by its local name."""

    def refuse(self, code: str, message: str, pointer: str = "", **more: Any) -> None:
        self.errors.append({"pointer": pointer, "code": code, "message": message, **more})

    def body(self, made: Mapping[int, UUID]) -> tuple[dict[str, Any], set[str]]:
        """The body with ids in the place of local names, and the pointers of those that have no record."""
        body, unknown = dict(self.sent.body), set()
        for pointer, place in self.locals.items():
            if (found := made.get(-1 if place is None else place)) is None:
                unknown.add(pointer)
            name, *number = pointer.strip("/").split("/")
            if number:
                links = body[name] = list(body[name])
                links[int(number[0])] = _by_id(links[int(number[0])], found)
            else:
                body[name] = _by_id(body[name], found)
        return body, unknown


def _by_id(reference: Mapping[str, Any], record: UUID | None) -> dict[str, Any]:
    rest = {name: value for name, value in reference.items() if name != "local"}
    return {"id": str(record) if record else NOBODY, **rest}


def tasks_of(entries: Sequence[BundleEntry], collections: Mapping[str, Collection]) -> list[Task]:
    """The entries as tasks in the order of work; what is wrong with their references stands in their errors.

    An entry comes after those whose records it names: by `local`, or by a code, number or key that they bring.
    Deletes come last.
    """
    tasks: list[Task] = []
    for place, entry in enumerate(entries):
        tasks.append(Task(place, entry, collections[entry.collection]))
    locals_ = _locals(tasks)
    brought = _brought(tasks)
    for task in tasks:
        _look(task, tasks, locals_, brought)
    return _ordered(tasks)


def _locals(tasks: Sequence[Task]) -> dict[str, int]:
    found: dict[str, int] = {}
    for task in tasks:
        if (local := task.sent.local) is None:
            continue
        if (first := found.setdefault(local, task.place)) != task.place:
            task.refuse("repeated", f"Entry {first} is called this already.", "/local")
    return found


def _brought(tasks: Sequence[Task]) -> dict[tuple[str, str, str], int]:
    """The names that records have once the entry that makes them is done."""
    found: dict[tuple[str, str, str], int] = {}
    for task in tasks:
        if task.sent.op not in {"create", "upsert"}:
            continue
        names = [("key", each) for each in _texts(task.sent.body.get("keys"))]
        if (key := task.collection.key) and isinstance(value := task.sent.body.get(key), str | int):
            names.append((key, str(value)))
        if task.sent.record:
            by, value = task.sent.record.named
            names.append((by, str(value)))
        for by, value in names:
            found.setdefault((task.collection.name, by, value), task.place)
    return found


def _texts(value: Any) -> list[str]:
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []


def _look(
    task: Task,
    tasks: Sequence[Task],
    locals_: Mapping[str, int],
    brought: Mapping[tuple[str, str, str], int],
) -> None:
    """Find what an entry needs."""

    def called(local: Any, to: Collection, pointer: str) -> int | None:
        place = locals_.get(local) if isinstance(local, str) else None
        if place is None:
            hint = did_you_mean(local[:64], list(locals_)[:100]) if isinstance(local, str) else {}
            task.refuse("local_unknown", "No entry of this bundle is called so.", pointer, **hint)
        elif (other := tasks[place].collection) is not to:
            words = f"That entry is of {other.path}; one of {to.path} is expected."
            task.refuse("local_elsewhere", words, pointer)
        elif tasks[place].sent.op == "delete":
            task.refuse("local_deleted", "That entry deletes its record.", pointer)
        else:
            task.needs.add(place)
            return place
        return None

    if task.sent.record and (local := task.sent.record.local) is not None:
        task.means = called(local, task.collection, "/record/local")
    for pointer, to, reference in references(task.collection, task.sent.body):
        if "local" in reference:
            task.locals[pointer] = called(reference["local"], to, f"/body{pointer}/local")
            if both := [name for name in _NAMES if name in reference]:
                words = f"A reference by `local` has no `{both[0]}` beside it."
                task.refuse("reference_contradicts", words, f"/body{pointer}")
        for by in _NAMES:
            place = brought.get((to.name, by, str(reference.get(by))))
            if place is not None and place != task.place:
                task.needs.add(place)


def references(
    collection: Collection, body: Mapping[str, Any]
) -> Iterator[tuple[str, Collection, dict[str, Any]]]:
    """Every reference in a body: its pointer, the collection it leads to, and what it says."""
    for name, value in body.items():
        source = collection.outputs.get(name)
        if isinstance(source, Ref) and isinstance(value, dict):
            yield f"/{name}", source.to, value
        elif isinstance(source, Links) and isinstance(value, list):
            for number, link in enumerate(value):
                if isinstance(link, dict):
                    yield f"/{name}/{number}", source.to, link


def _ordered(tasks: Sequence[Task]) -> list[Task]:
    while True:
        graph = TopologicalSorter({task.place: sorted(task.needs) for task in tasks})
        try:
            order = list(graph.static_order())
        except CycleError as cycle:
            circle = sorted(set(cycle.args[1]))
            for place in circle:
                tasks[place].refuse("local_cycle", _circular(circle), "/body")
                tasks[place].needs -= set(circle)
        else:
            return sorted((tasks[place] for place in order), key=lambda task: task.sent.op == "delete")


def _circular(circle: Sequence[int]) -> str:
    if len(circle) == 1:
        return "This entry refers to the record that it makes itself."
    listed = " and ".join((", ".join(map(str, circle[:-1])), str(circle[-1])))
    return (
        f"Entries {listed} need one another. Create one without the reference, and set it by an "
        "entry with `update` that names the record by its `local`."
    )
