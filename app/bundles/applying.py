"""A bundle at work, inside the transaction of its request: entry by entry, each through the one way to write."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Text, any_, bindparam, or_, select
from sqlalchemy.dialects.postgresql import ARRAY

from app.bundles.ordering import Task
from app.bundles.schemas import BundleOutcome
from app.collection import removing, writing
from app.collection.collection import Collection
from app.collection.merged import MergedAway
from app.collection.own_keys import OWN_KEYS
from app.collection.refusals import refusal
from app.collection.validation import from_nothing
from app.db import Connection, Statement
from app.errors import BusyRecord, NotFound, Problem, StillReferred

_BLOCKED = StillReferred.code.replace("-", "_")


@dataclass
class Applied:
    """The outcomes, and the mistakes, of a bundle."""

    outcomes: list[BundleOutcome]
    errors: list[dict[str, Any]]


async def apply(connection: Connection, tasks: Sequence[Task], *, versions_required: bool) -> Applied:
    """Write every entry. One that is refused is taken back, and the others are looked at all the same."""
    work = _Work(connection, versions_required)
    await _hold(connection, tasks)
    for task in tasks:
        if task.sent.op != "delete":
            await work.one(task)
    await work.deletes([task for task in tasks if task.sent.op == "delete"])
    tasks = sorted(tasks, key=lambda task: task.place)
    errors = [
        {**error, "pointer": f"/entries/{task.place}{error.get('pointer', '')}"}
        for task in tasks
        for error in task.errors
    ]
    return Applied([work.outcomes[task.place] for task in tasks if task.place in work.outcomes], errors)


async def _hold(connection: Connection, tasks: Sequence[Task]) -> None:
    """Hold the records that entries name, in one order whatever theirs is: two bundles do not wait for each other."""
    named: dict[str, tuple[Collection, dict[str, list[Any]]]] = {}
    for task in tasks:
        by, value = task.sent.record.named if task.sent.record else ("local", None)
        if by in {"id", "key", task.collection.key}:
            named.setdefault(task.collection.name, (task.collection, {}))[1].setdefault(by, []).append(value)
    for _, (collection, names) in sorted(named.items()):
        await _hold_some(connection, collection, names)


async def _hold_some(
    connection: Connection, collection: Collection, names: Mapping[str, Sequence[Any]]
) -> None:
    by = tuple(sorted(names))
    statement = collection.statement(("hold for a bundle", *by), lambda: _held(collection, by))
    await connection.execute(statement.sql, *statement.args(names))


def _held(collection: Collection, names: Sequence[str]) -> Statement:
    row = collection.table
    own = OWN_KEYS.alias()
    kept = select(own.c.record_id).where(own.c.kind == collection.name)
    hits = [
        row.c.id.in_(kept.where(own.c.key == any_(bindparam(by, type_=ARRAY(Text)))))
        if by == "key"
        else row.c[by] == any_(bindparam(by, type_=ARRAY(row.c[by].type)))
        for by in names
    ]
    return select().select_from(row).where(or_(*hits)).order_by(row.c.id).with_for_update(of=row)


class _Work:
    def __init__(self, connection: Connection, versions_required: bool) -> None:
        self.connection, self.versions_required = connection, versions_required
        self.made: dict[int, UUID] = {}
        self.outcomes: dict[int, BundleOutcome] = {}
        self._named: dict[UUID, int] = {}
        self._system = ""

    async def one(self, task: Task) -> bool:
        """Whether the entry was written; if not, it has left no trace but its errors."""
        if (system := _system(task)) != self._system:
            await self.connection.execute("select set_config('register.system', $1, true)", system)
            self._system = system
        await self.connection.execute("savepoint entry")
        body, unknown = task.body(self.made)
        try:
            await self._write(task, body)
        except Exception as error:
            if (errors := _errors(error, unknown)) is None:
                raise
            await self.connection.execute("rollback to savepoint entry")
            task.errors += errors
            return False
        await self.connection.execute("release savepoint entry")
        return not task.errors

    async def deletes(self, tasks: Sequence[Task]) -> None:
        """Delete in any order: what is still referred to is tried again when others are gone."""
        waiting = list(tasks)
        while waiting:
            kept = [len(task.errors) for task in waiting]
            left = [task for task in waiting if not await self.one(task)]
            blocked = [task for task in left if task.errors and task.errors[-1]["code"] == _BLOCKED]
            if len(left) == len(waiting) or not blocked:
                return
            for task, errors in zip(waiting, kept, strict=True):
                if task in blocked:
                    del task.errors[errors:]
            waiting = blocked

    async def _write(self, task: Task, body: dict[str, Any]) -> None:
        current = None if task.sent.op == "create" else await self._current(task)
        if current is None and task.sent.op in {"create", "upsert"}:
            await self._create(task, body)
            return
        if current is None:
            raise _Mistake("not_found", f"There is no {task.collection.singular} of this name.", "/record")
        self._check(task, current)
        if task.sent.op == "delete":
            await removing.remove(self.connection, task.collection, current, cascade=False)
            self._done(task, "delete", current.id, None)
            return
        after = await writing.change(self.connection, task.collection, current, body)
        self._done(task, "update" if after.changed else "unchanged", after.id, after.tag)

    async def _current(self, task: Task) -> writing.Current | None:
        """The record that an entry names, held until the transaction ends."""
        assert task.sent.record is not None
        by, value = task.sent.record.named
        if by == "local":
            if task.means not in self.made:
                raise _Mistake
            value = self.made[task.means]
        elif by == "key":
            return await writing.locked_by_key(self.connection, task.collection, value)
        elif by not in {"id", task.collection.key}:
            known = " or ".join(f"`{each}`" for each in ("id", task.collection.key, "key") if each)
            raise _Mistake("unknown_field", f"{task.collection.path} are named by {known}.", f"/record/{by}")
        try:
            return await writing.locked(self.connection, task.collection, str(value))
        except MergedAway as merged:
            return await writing.locked(self.connection, task.collection, str(merged.survivor))
        except NotFound:
            return None

    def _check(self, task: Task, current: writing.Current) -> None:
        """The entry alone speaks of the record, and knows the version that it changes."""
        if task.means is None:
            if (first := self._named.setdefault(current.id, task.place)) != task.place:
                raise _Mistake("repeated", f"Entry {first} names the same record.", "/record")
            if task.sent.version is None and self.versions_required:
                raise _Mistake(
                    "version_required", "This key has to say which version it changes.", "/version"
                )
        if task.sent.version not in {None, current.version}:
            message = f"The record is at version {current.version} by now. Read it again."
            raise _Mistake("version_conflict", message, "/version")

    async def _create(self, task: Task, body: dict[str, Any]) -> None:
        if task.sent.version is not None:
            message = "There is no record of which this could be a version."
            raise _Mistake("version_conflict", message, "/version")
        if task.sent.record:  # an upsert: the name by which it was looked for becomes its own
            by, value = task.sent.record.named
            if by == "key":
                keys = body.get("keys") or []
                body["keys"] = keys if not isinstance(keys, list) or value in keys else [*keys, value]
            else:
                body.setdefault(by, value)
        made = await writing.create(self.connection, task.collection, from_nothing(task.collection, body))
        self._done(task, "create", made.id, made.tag)

    def _done(self, task: Task, outcome: Any, record: UUID, tag: str | None) -> None:
        self.made[task.place] = record
        self.outcomes[task.place] = BundleOutcome(
            entry=task.place,
            collection=task.collection.path,
            local=task.sent.local,
            outcome=outcome,
            id=record,
            etag=None if tag is None else f'"{tag}"',
            href=None if tag is None else f"/v1/{task.collection.path}/{record}",
        )


def _system(task: Task) -> str:
    """The system by whose own key an entry names its record."""
    by, value = task.sent.record.named if task.sent.record else ("", "")
    return value.partition(":")[0] if by == "key" else ""


class _Mistake(Exception):
    """What only an entry can be refused for; without a code if another entry is to blame, where it is told."""

    def __init__(self, code: str = "", message: str = "", pointer: str = "") -> None:
        super().__init__(message)
        self.error = {"pointer": pointer, "code": code, "message": message}


def _errors(error: Exception, unknown: set[str]) -> list[Mapping[str, Any]] | None:
    """What is said of a refused entry; None if the trouble is that of the whole request.

    That a record is missing is not said where the entry that makes it was refused itself.
    """
    if isinstance(error, _Mistake):
        return [error.error] if error.error["code"] else []
    problem = error if isinstance(error, Problem) else refusal(error)
    if problem is None or problem.status >= 500 or isinstance(problem, BusyRecord):
        return None
    if not problem.errors:
        return [{"pointer": "", "code": problem.code.replace("-", "_"), "message": problem.detail}]
    silent = {("reference_not_found", pointer) for pointer in unknown}
    return [
        {**each, "pointer": f"/body{each['pointer']}"}
        for each in problem.errors
        if (each["code"], each["pointer"]) not in silent
    ]
