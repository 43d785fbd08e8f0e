"""The statements that a request makes, recorded from the register itself, as a script for pgbench."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import asyncpg
import httpx

from app.main import create_app
from app.operations.kept import Kept
from app.settings import Settings
from bench import data
from bench.load import SMALL, Call, Script, literal, parts_of

_METHODS = ("execute", "fetch", "fetchrow", "fetchval", "_copy_out")
Statements = list[tuple[str, tuple[Any, ...]]]
_mine: ContextVar[Statements | None] = ContextVar("statements", default=None)
"""Of the request that is recorded; what the service does beside it is not its business."""


async def recorded(address: str, folder: Path, calls: Mapping[str, Call], number: int) -> dict[str, Script]:
    """Make each call once in this process, with `number` as its number; the statements of each as a script."""
    app = create_app(Settings(DATABASE_URL=address, data_dir=folder))  # type: ignore[call-arg]
    scripts = {}
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://bench") as client,
    ):
        for name, call in calls.items():
            before = len(data.WORDS) if "word}" in call.path else 1  # by which caches are filled, as of keys
            for _ in range(before + 1):
                number += 1
                one = call.at(number)
                app.state.service.kept = Kept()  # what is kept is asked for again
                with _recording() as statements:
                    answer = await client.request(
                        one.method, one.path, content=one.body.encode(), headers=one.headers
                    )
                if answer.status_code >= 400 or "Idempotency-Replayed" in answer.headers:
                    raise RuntimeError(answer.text[:1000])
            scripts[name] = _script(statements, number)
    return scripts


@contextmanager
def _recording() -> Iterator[Statements]:
    statements: Statements = []
    kept = {name: getattr(asyncpg.Connection, name) for name in _METHODS}

    def watched(name: str) -> Any:
        async def run(self: Any, query: str, *args: Any, **more: Any) -> Any:
            if (mine := _mine.get()) is not None:
                mine.append((query, () if name == "_copy_out" else args))
            return await kept[name](self, query, *args, **more)

        return run

    for name in _METHODS:
        setattr(asyncpg.Connection, name, watched(name))
    token = _mine.set(statements)
    try:
        yield statements
    finally:
        _mine.reset(token)
        for name, method in kept.items():
            setattr(asyncpg.Connection, name, method)


_VARIABLES = {
    "{n}": ":n",
    "{small}": ":small",
    "{id}": f"('{data.KNOWN_PREFIX}' || lpad(:id::text, 12, '0'))::uuid",
    "{read}": f"('{data.KNOWN_PREFIX}' || lpad(:read::text, 12, '0'))::uuid",
    "{word}": "(:words::text[])[:word]",
    "{new word}": "(:words::text[])[:word]",
    "{new common word}": f"'{data.COMMON_WORD}'",
}
_SET = f"""\\set n random(1, 1000000000000)
\\set small random(1, {SMALL})
\\set id random(1, {data.CHANGED})
\\set read random({data.CHANGED + 1}, {data.KNOWN})
\\set word random(1, {len(data.WORDS)})
"""


def _script(statements: Statements, number: int) -> Script:
    """The statements, with variables where the call's own values stood."""
    values = {"words": literal(data.WORDS)}
    lines = []
    for place, (query, args) in enumerate(statements):
        known: dict[str, str] = {}
        for position, value in enumerate(args, 1):
            name, text = f"s{place}p{position}", literal(value)
            if value is None or text == "":  # pgbench knows no variable without a value
                known[str(position)] = "null" if value is None else "''"
            else:
                known[str(position)] = _expression(name, text, number, values)
        text = re.sub(
            rf"E?'([^']*){number}'", r"('\1' || :n::text)", " ".join(query.split())
        )  # of a constant
        plain = re.sub(r"\$(\d+)", lambda found: known[found[1]], text)  # noqa: B023
        lines.append(plain + ";\n")
    return Script(_SET + "".join(lines), values)


def _expression(name: str, text: str, number: int, values: dict[str, str]) -> str:
    """A parameter as SQL; what does not change of it is a variable of pgbench."""
    own = {value: _VARIABLES[part] for part, value in parts_of(number).items()}
    pieces = re.split(f"({'|'.join(sorted(own, key=len, reverse=True))})", text)
    if pieces == ["", text, ""]:
        return own[text]
    told = []
    for place, piece in enumerate(pieces):
        if piece in own:
            told.append(f"{own[piece]}::text")
        elif piece:
            values[f"{name}x{place}"] = piece
            told.append(f":{name}x{place}::text")
    return f"({' || '.join(told)})" if len(told) > 1 else told[0].removesuffix("::text")
