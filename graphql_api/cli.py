"""The command ``cartograph``: serve, migrate, export the schema, make applications and keys, move and check data.

What a command does not need it does not import: the server must listen quickly, and ``--help`` at once.
"""

import asyncio
import gc
import json
import math
import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Coroutine, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Concatenate, Literal, ParamSpec, TypeVar

import typer

from db.domain.attribute_values import instant
from db.domain.attributes import UnknownAttributes
from db.domain.entity import rfc_3339
from db.domain.errors import Refused
from db.domain.money import RoundingMode
from graphql_api.files import STANDARD, reading, writing
from graphql_api.settings import PREFIX, Settings, WrongSetting, load_settings

if TYPE_CHECKING:  # SQLAlchemy is slow to import
    from sqlalchemy import Connection

    from db.engine import Database

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
    return with_database(settings, lambda database: database.write(operation, *args, **kwargs))


def with_database(settings: Settings, work: "Callable[[Database], Coroutine[Any, Any, T]]") -> T:
    """Do some work on the database brought up to this release."""
    from sqlalchemy.exc import SQLAlchemyError

    from db.engine import UnusableDatabase, open_database
    from db.migrations import upgrade

    async def run() -> T:
        database = await open_database(settings.database_url)
        try:
            await database.write(upgrade)
            return await work(database)
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


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="One session a line, as export writes them; - is standard input.")],
    application: Annotated[int, typer.Option(help="The application that is to have them, whatever the file says.")],
    on_error: Annotated[
        Literal["stop", "skip"], typer.Option(help="After a line that fails: stop, or skip it and go on.")
    ] = "stop",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Write nothing; say what would be.")] = False,
    recompute: Annotated[
        bool, typer.Option("--recompute", help="Put right a total or firstSession that does not fit.")
    ] = False,
) -> None:
    """Import sessions. What is imported stays; to complete an import that was stopped, run it again."""
    from db.exchange.importing import ImportSessions, OnError, import_sessions
    from graphql_api.progress import per_second, progress

    command = ImportSessions(
        application_id=application, on_error=OnError(on_error), dry_run=dry_run, recompute=recompute
    )
    count = dict.fromkeys(("created", "unchanged", "failed"), 0)

    async def run(database: "Database") -> float:
        gc.disable()  # it would look through every batch many times: the objects of a line hold no cycles
        began = time.monotonic()
        with reading(file) as stream, progress(file.stat().st_size if file.is_file() else None) as told:
            async for report in import_sessions(database, command, stream):
                for remark in report.put_right:
                    told.say(f"{remark} It is put right.")
                for remark in report.problems:
                    told.say(str(remark))
                for name in count:
                    count[name] += getattr(report, name)
                told.advance(report.created + report.unchanged + report.failed, report.size)
        return time.monotonic() - began

    try:
        seconds = with_database(load_settings(), run)
    except OSError as error:
        raise typer.TyperException(f"{file}: {error.strerror}.") from error
    finally:
        gc.enable()
    done = ", ".join(f"{number} {name}" for name, number in count.items())
    rate = per_second(sum(count.values()), seconds)
    typer.echo(f"{'Dry run: ' * dry_run}{done} in {seconds:.1f} seconds, {rate} a second.")
    if count["failed"]:
        raise typer.Exit(1)


@app.command("export")
def export(
    application: Annotated[int, typer.Option(help="Whose sessions.")],
    file: Annotated[Path, typer.Argument(help="The file to write; - is standard output.")] = STANDARD,
) -> None:
    """Export every session of an application as JSON, one a line, in the order in which they were made."""
    from db.exchange.exporting import export_sessions

    def write(connection: "Connection") -> None:
        with writing(file) as stream:
            stream.writelines(export_sessions(connection, application))

    try:
        with_database(load_settings(), lambda database: database.query(write))
    except BrokenPipeError:  # whoever read has read enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # Python flushes it again at the end
    except OSError as error:
        raise typer.TyperException(f"{file}: {error.strerror}.") from error


@app.command()
def check(application: Annotated[int | None, typer.Option(help="Only this one.")] = None) -> None:
    """Hold every session against its history and its parts, and print where they disagree."""
    from db.exchange.checking import application_ids, check_sessions
    from graphql_api.progress import legible

    began = time.monotonic()

    def run(connection: "Connection") -> tuple[int, int]:
        sessions = disagreements = 0
        for application_id in application_ids(connection) if application is None else [application]:
            for checked in check_sessions(connection, application_id):
                sessions += checked.sessions
                disagreements += len(checked.disagreements)
                for each in checked.disagreements:
                    typer.echo(legible(str(each)))
        return sessions, disagreements

    sessions, disagreements = with_database(load_settings(), lambda database: database.query(run))
    seconds = time.monotonic() - began
    typer.echo(f"{sessions} sessions checked, {disagreements} disagreements, in {seconds:.1f} seconds.")
    if disagreements:
        raise typer.Exit(1)


def print_json(value: dict[str, Any]) -> None:
    """One line of JSON, for another program to read."""
    typer.echo(json.dumps(value, ensure_ascii=False))
