"""The pieces of a status report put together as they come: as its JSON, or as the rows of one of its tables."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from app.db import Compiled, Connection
from app.funding.counting import entries_at
from app.gaps.counting import catalogue
from app.operations.copying import EXPORT_SECONDS, Keep
from app.operations.documents import text_of
from app.report_files.given import Given
from app.report_files.separated import Separated
from app.status_reports.comparing import CHANGES
from app.status_reports.counting import METHOD

_PIECE = 1 << 16
_FIELD = b"\x02"
"""Between the columns: no JSON text has it, nor the mark of a quoted column."""


class Writer(Protocol):
    """Makes text of pieces."""

    def add(self, piece: str, said: str) -> str:
        """What is to be written once this piece is known."""

    def end(self) -> str:
        """What is to be written behind the last."""


async def told(
    connection: Connection, plan: Compiled, numbers: Sequence[int], writer: Writer, keep: Keep
) -> None:
    """Write the pieces that a statement gives: a row is forgotten when it is written."""
    rest, waiting, size = b"", list[str](), 0

    async def flush() -> None:
        nonlocal size
        text, size = "".join(waiting).encode(), 0
        waiting.clear()
        if text:
            await keep(text)

    async def take(rows: bytes) -> None:
        nonlocal rest, size
        *whole, rest = (rest + rows).split(b"\n")
        for row in whole:
            piece, _, said = row.partition(_FIELD)
            waiting.append(writer.add(piece.decode(), said.decode()))
            size += len(waiting[-1])
            if size > _PIECE:
                await flush()

    await connection.copy_from_query(
        plan.sql, *numbers, output=take, timeout=EXPORT_SECONDS, format="csv", quote="\x01", delimiter="\x02"
    )
    waiting.append(writer.end())
    await flush()


class AsJson:
    """A report as it travels. The pieces stay the text that they are, except the few that are completed here."""

    def __init__(self, kind: str = "live", *, forced: bool = False) -> None:
        self._start = f'{{"kind":"{kind}","forced":{json.dumps(forced)},'
        self._before = ""
        self._lists = _Lists()
        self._compared = False

    def add(self, piece: str, said: str) -> str:
        before, self._before = self._before, piece
        if piece == "head":
            return f'{self._start}{said[1:-1]}, "goals" : ['
        if piece == "goal":
            return f'{"]}, " if before != "head" else ""}{said[:-1]}, "activities" : ['
        if piece == "activity":
            return said if before == "goal" else f", {said}"
        if piece == "matrix":
            return f'{"]}" if before != "head" else ""}], "matrix" : {said}, "events" : ['
        if piece == "event":
            return said if before == "matrix" else f", \n {said}"
        if piece == "money":
            return f"],{text_of(addressed(said))[1:-1]}"
        if piece == "gaps":
            return self._lists.begin(
                f',"gaps":{text_of({"by_check": gaps_counted(said)})}', "critical", "dismissed"
            )
        if piece == "difference":
            self._compared = True
            return self._lists.end() + self._lists.begin(f',"difference":{compact(said)}', *CHANGES)
        return self._lists.add(piece, compact(said))

    def end(self) -> str:
        difference = "" if self._compared else ',"difference":null'
        return f'{self._lists.end()}{difference},"method":{text_of(METHOD)}}}'


class AsDifference:
    """What has changed, by itself."""

    def __init__(self) -> None:
        self._lists = _Lists()

    def add(self, piece: str, said: str) -> str:
        if piece == "difference":
            return self._lists.begin(compact(said), *CHANGES)
        return self._lists.add(piece, compact(said))

    def end(self) -> str:
        return self._lists.end()


class _Lists:
    """The lists of an object, one behind the other; those without an item are there too."""

    def __init__(self) -> None:
        self._now = ""
        self._left: list[str] = []

    def begin(self, said: str, *names: str) -> str:
        """The object, as far as it is known; these lists follow in it."""
        self._now, self._left = "", list(names)
        return said.removesuffix("}")

    def add(self, name: str, said: str) -> str:
        """An item of the list of this name."""
        if name == self._now:
            return f",{said}"
        text = self._closed()
        while (each := self._left.pop(0)) != name:
            text += f',"{each}":[]'
        self._now = name
        return f'{text},"{name}":[{said}'

    def end(self) -> str:
        return self._closed() + "".join(f',"{name}":[]' for name in self._left) + "}"

    def _closed(self) -> str:
        return "]" if self._now else ""


class AsTable:
    """The rows of one table, as CSV."""

    def __init__(self, table: str, base: str) -> None:
        self._rows = Separated(table)
        self._base = base
        self._goal = 0
        self._head: str | None = self._rows.head()

    def add(self, piece: str, said: str) -> str:
        if piece == "goal":
            self._goal = json.loads(said)["number"]
        if piece not in self._rows.pieces:
            return ""
        return self._started() + self._rows.of(Given(_report(piece, said, self._goal), "", self._base))

    def end(self) -> str:
        return self._started()

    def _started(self) -> str:
        head, self._head = self._head, None
        return head or ""


def _report(piece: str, said: str, goal: int) -> Mapping[str, Any]:
    """A report of this one piece."""
    live: dict[str, Any] = {"kind": "live"}
    if piece == "money":
        return live | addressed(said)
    content = json.loads(said)
    if piece == "head":
        return {**live, "forced": False, **content, "method": METHOD}
    if piece == "goal":
        return {**live, "goals": [{**content, "activities": []}]}
    if piece == "activity":
        return {**live, "goals": [{"number": goal, "activities": [content]}]}
    if piece == "gaps":
        return {**live, "gaps": {"by_check": gaps_counted(said)}}
    if piece in {"critical", "dismissed"}:
        return {**live, "gaps": {"critical": [], "dismissed": [], piece: [content]}}
    if piece in CHANGES:
        return {**live, "difference": {**{name: [] for name in CHANGES}, piece: [content]}}
    return {**live, "matrix": content} if piece == "matrix" else {**live, "events": [content]}


def compact(said: str) -> str:
    """JSON without spaces, as ours is."""
    return text_of(json.loads(said))


def gaps_counted(said: str) -> list[dict[str, Any]]:
    """How many gaps of each check are open."""
    names = ("name", "severity", "open", "dismissed", "href")
    return [{name: each[name] for name in names} for each in catalogue(json.loads(said))]


def addressed(said: str) -> dict[str, Any]:
    """The sums, each with the address of its entries: those of events are of the period."""
    money: dict[str, Any] = json.loads(said)
    period = money.pop("period_start"), money.pop("period_end")
    for total in (*money["funding_by_currency"], *money["funding"]):
        since, until = period if total["part"] == "events" else (None, None)
        more = {"commitment": total["commitment"] or "none"} if "source" in total else {}
        total["href"] = entries_at(
            total["part"], total["currency"], source=total.get("source"), since=since, until=until, **more
        )
    return money


async def sliced(connection: Connection, content: str, source: str, args: Sequence[Any], keep: Keep) -> None:
    """The bytes of a stored value, slice by slice; `content` names it, `source` says where it stands."""
    rest = b""

    async def take(rows: bytes) -> None:
        nonlocal rest
        *whole, rest = (rest + rows).split(b"\n")
        for row in whole:
            await keep(bytes.fromhex(row.decode()))

    await connection.copy_from_query(
        f"""with stored as materialized (select {content} as content from {source})
        select encode(substring(content from place for {_PIECE}), 'hex')
        from stored, generate_series(1, octet_length(content), {_PIECE}) place""",
        *args,
        output=take,
        timeout=EXPORT_SECONDS,
        format="csv",
    )
