"""The command ``cartograph``: serve, migrate, export the schema, make applications and keys.

What a command does not need it does not import: the server must listen quickly, and ``--help`` at once.
"""

import asyncio
import json
import math
import os
import signal
import socket
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Concatenate, Literal, ParamSpec, TypeVar

import typer

from db.domain.attribute_values import instant
from db.domain.attributes import UnknownAttributes
from db.domain.entity import rfc_3339
from db.domain.errors import Refused
from db.domain.money import RoundingMode
from graphql_api.settings import PREFIX, Settings, WrongSetting, load_settings

if TYPE_CHECKING:  # SQLAlchemy is slow to import
    from sqlalchemy import Connection

P = ParamSpec("P")
T = TypeVar("T")

app = typer.Typer(
    help="The open GraphQL server for customer sessions.",
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and answer its exit code: 2 for bad arguments, 1 for a failure, each with one sentence."""
    try:
        return app(arguments, prog_name="cartograph", standalone_mode=False) or 0
    except typer.TyperException as error:
        typer.echo(error.format_message().replace("\n\t", " "), err=True)  # typer puts choices on lines of their own
        return error.exit_code
    except (WrongSetting, Refused) as error:
        typer.echo(error, err=True)
        return 1


def on_database(
    settings: Settings, operation: "Callable[Concatenate[Connection, P], T]", *args: P.args, **kwargs: P.kwargs
) -> T:
    """Run an operation in one transaction, on the database brought up to this release."""
    from sqlalchemy.exc import SQLAlchemyError

    from db.engine import UnusableDatabase, open_database
    from db.migrations import upgrade

    async def run() -> T:
        database = await open_database(settings.database_url)
        try:
            await database.write(upgrade)
            return await database.write(operation, *args, **kwargs)
        finally:
            await database.close()

    try:
        return asyncio.run(run())
    except UnusableDatabase as error:
        raise typer.TyperException(str(error)) from error
    except SQLAlchemyError as error:
        raise typer.TyperException(f"The database failed: {getattr(error, 'orig', error)}.") from error


@app.command()
def serve(
    host: Annotated[str | None, typer.Option(help="The address to listen on.", show_default="127.0.0.1")] = None,
    port: Annotated[
        int | None, typer.Option(min=0, max=65_535, help="0 takes any that is free.", show_default="8000")
    ] = None,
    dev: Annotated[bool, typer.Option("--dev", help="Fill an empty database, and print a key to try it with.")] = False,
    workers: Annotated[int, typer.Option(min=1, help="Processes that answer.")] = 1,
) -> None:
    """Bring the database up to date and answer requests until SIGTERM."""
    given = {"HOST": host, "PORT": port, "DEV": dev or None}
    os.environ.update({PREFIX + name: str(value) for name, value in given.items() if value is not None})
    settings = load_settings()
    port = port_to_listen_on(settings)
    if settings.dev:
        prepare_demo(settings, port)
    else:
        migrate_to_head(settings)

    import uvicorn

    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # uvicorn raises it again once it has shut down
    uvicorn.run(
        "graphql_api.app:from_environment",
        factory=True,
        host=settings.host,
        port=port,
        workers=workers,
        log_level=settings.log_level,
        access_log=settings.dev,
        server_header=False,
        ws_max_size=settings.max_request_bytes,
        timeout_graceful_shutdown=math.ceil(settings.deadline_seconds),  # no request is under way for longer
    )


def port_to_listen_on(settings: Settings) -> int:
    """The port of the settings, or any that is free in place of 0; refused here and not half-way through a start."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            problem = f"{settings.host} port {settings.port} cannot be listened on: {error.strerror}."
            raise typer.TyperException(problem) from error
        port: int = probe.getsockname()[1]
        return port


def prepare_demo(settings: Settings, port: int) -> None:
    """Fill an empty database, and say how to try it. The key reaches the server's processes by the environment."""
    from graphql_api import demo

    key = settings.dev_key or on_database(settings, demo.prepare, datetime.now(UTC))
    os.environ[f"{PREFIX}DEV_KEY"] = key
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    typer.echo(demo.invitation(f"http://{host}:{port}/graphql", key))


@app.command()
def migrate() -> None:
    """Bring the database up to date."""
    typer.echo(f"The database is at revision {migrate_to_head(load_settings())}.")


def migrate_to_head(settings: Settings) -> str | None:
    """Bring the database up to date and answer its revision."""
    from db.migrations import current

    return on_database(settings, current)


@app.command()
def export_schema(
    path: Annotated[Path, typer.Argument(help="The file to write; - is standard output.")] = Path("schema.graphql"),
    check: Annotated[bool, typer.Option("--check", help="Write nothing; fail where the file differs.")] = False,
) -> None:
    """Write the schema in the GraphQL schema language."""
    from graphql_api.schema import schema

    text = schema.as_str().strip() + "\n"
    try:
        if check:
            if path.read_text(encoding="utf-8") != text:
                raise typer.TyperException(f"{path} is not the schema of this release; run cartograph export-schema.")
        elif str(path) == "-":
            typer.echo(text, nl=False)
        else:
            path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise typer.TyperException(f"{path}: {error.strerror}.") from error


@app.command()
def create_application(
    name: Annotated[str, typer.Argument(help="1 to 200 characters.")],
    currency: Annotated[str, typer.Option(help="ISO 4217, such as EUR.")],
    time_zone: Annotated[str, typer.Option(help="IANA name, such as Europe/Berlin.")] = "UTC",
    rounding_mode: Annotated[RoundingMode, typer.Option(case_sensitive=False)] = RoundingMode.HALF_UP,
    unknown_attributes: Annotated[UnknownAttributes, typer.Option(case_sensitive=False)] = UnknownAttributes.REJECT,
) -> None:
    """Make an application, which owns sessions and keys."""
    from db import operations
    from db.domain.commands import CreateApplication

    command = CreateApplication(
        name=name,
        currency=currency,
        time_zone=time_zone,
        rounding_mode=rounding_mode,
        unknown_attributes=unknown_attributes,
    )
    made = on_database(load_settings(), operations.create_application, command, datetime.now(UTC))
    print_json({"applicationId": made, "name": name, "currency": currency})


def moment(text: str) -> datetime:
    """A time as RFC 3339 writes it."""
    if (parsed := instant(text)) is None:
        raise typer.BadParameter("Expected a time such as 2030-01-31T12:00:00Z.")
    return parsed


@app.command()
def create_key(
    name: Annotated[str, typer.Argument(help="Who uses it; the history of a session names it.")],
    role: Annotated[Literal["reader", "writer", "admin"], typer.Option(case_sensitive=False)],
    application: Annotated[int | None, typer.Option(help="Its application; an ADMIN key has none.")] = None,
    expires: Annotated[datetime | None, typer.Option(parser=moment, metavar="RFC3339")] = None,
) -> None:
    """Make a key and print it: it is shown this once, and kept as a hash."""
    from db import operations
    from db.domain.commands import CreateKey

    command = CreateKey(application_id=application, name=name, role=role, expires=expires)
    made = on_database(load_settings(), operations.create_key, command, datetime.now(UTC))
    print_json(
        {
            "key": made.secret,
            "prefix": made.prefix,
            "name": name,
            "role": role.upper(),
            "applicationId": application,
            "expires": expires and rfc_3339(expires),
        }
    )


def print_json(value: dict[str, Any]) -> None:
    """One line of JSON, for another program to read."""
    typer.echo(json.dumps(value, ensure_ascii=False))
