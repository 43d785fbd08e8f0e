"""The commands `workplan keys`: create, list, rotate, revoke."""

from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

import typer
from rich.table import Table

from app import preparing
from app.access.keys import new_key
from app.access.networks import networks
from app.access.permissions import OF_A_COUNTRY, Role
from app.access.scopes import SCOPE, VERBS
from app.console import err, out, with_connection
from app.keys.writes import rotate

keys_cli = typer.Typer(no_args_is_help=True, help="API keys: create, list, rotate, revoke.")


@keys_cli.command("create")
def create_key(
    name: Annotated[str, typer.Argument(help="Which system the key is for.")],
    role: Annotated[Role, typer.Option(help="What it may do.")] = Role.SECRETARIAT,
    country: Annotated[str | None, typer.Option(help="For which country it speaks, ISO 3166-1: TH.")] = None,
    scopes: Annotated[
        str, typer.Option(help="What it may do less than its role: activities:write,*:read.")
    ] = "",
    expires: Annotated[
        datetime | None, typer.Option(help="When it ends, in UTC.", formats=["%Y-%m-%d"])
    ] = None,
    network: Annotated[
        list[str] | None, typer.Option(help="From where it opens: 203.0.113.0/24. Several times for several.")
    ] = None,
    require_if_match: Annotated[bool, typer.Option(help="Refuse changes without If-Match (428).")] = False,
) -> None:
    """Make a key. It is shown once and never stored."""
    if role is Role.PUBLIC:
        raise typer.BadParameter("The public needs no key.")
    if (role in OF_A_COUNTRY) != bool(country):
        raise typer.BadParameter(
            f"{', '.join(sorted(OF_A_COUNTRY))} speak for a country, and nobody else does."
        )
    narrowed = [scope for scope in scopes.split(",") if scope]
    for scope in narrowed:
        if not SCOPE.fullmatch(scope):
            raise typer.BadParameter(f"A scope is collection:verb, with the verbs {', '.join(VERBS)} or *.")
    try:
        networks(network or ())
    except ValueError:
        raise typer.BadParameter("A network is written as 203.0.113.0/24 or 2001:db8::/32.") from None
    key = new_key()
    more = {
        "country": country,
        "scopes": narrowed,
        "expires_at": expires and expires.replace(tzinfo=UTC),
        "networks": network or [],
        "require_if_match": require_if_match,
    }
    with_connection(lambda c: preparing.add_key(c, key, name, role, **more))
    out.print(key, highlight=False)


@keys_cli.command("list")
def list_keys() -> None:
    """List the keys; the keys themselves are not stored."""
    rows = with_connection(
        lambda c: c.fetch("""select k.*, (select string_agg(begins || '…', ' ' order by s.created_at)
            from api_key_secrets s where s.key_id = k.id) as begins from api_keys k order by created_at""")
    )
    table = Table("id", "name", "role", "country", "begins", "If-Match", "made", "expires", "revoked")
    for row in rows:
        table.add_row(
            str(row["id"]),
            row["name"],
            row["role"],
            row["country"] or "",
            row["begins"],
            "required" if row["require_if_match"] else "",
            *(
                f"{row[each]:%Y-%m-%d %H:%M}" if row[each] else ""
                for each in ("created_at", "expires_at", "revoked_at")
            ),
        )
    out.print(table)


@keys_cli.command("rotate")
def rotate_key(
    key_id: Annotated[UUID, typer.Argument(help="Id of the key, from `keys list`.")],
    overlap: Annotated[int, typer.Option(help="Hours that the former secret still opens.", min=0)] = 168,
) -> None:
    """Give a key another secret. It is shown once; the former opens as well for a while."""

    async def work(connection: Any) -> str | None:
        async with connection.transaction():
            alive = "select from api_keys where id = $1 and revoked_at is null for update"
            if not await connection.fetch(alive, key_id):
                return None
            return await rotate(connection, key_id, overlap)

    if (secret := with_connection(work)) is None:
        err.print("[red]workplan:[/red] there is no such key, or it is revoked.")
        raise SystemExit(1)
    out.print(secret, highlight=False)


@keys_cli.command("revoke")
def revoke_key(key_id: Annotated[str, typer.Argument(help="Id of the key, from `keys list`.")]) -> None:
    """Revoke a key for good."""
    done = with_connection(
        lambda c: c.fetchval(
            "update api_keys set revoked_at = now() where id::text = $1 and revoked_at is null returning id",
            key_id,
        )
    )
    if done is None:
        err.print("[red]workplan:[/red] there is no such key, or it is revoked already.")
        raise SystemExit(1)
    out.print("Revoked.")
