"""cartograph serve, cartograph migrate."""

import math
import os
import signal
import socket
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from graphql_api.commands.database import on_database
from graphql_api.settings import PREFIX, Settings, load_settings

APPLICATION = "graphql_api.app:from_environment"
A_DAY = 24 * 60 * 60  # in seconds: a table is rewritten in one statement


def serve(
    host: Annotated[str | None, typer.Option(help="The address to listen on.", show_default="127.0.0.1")] = None,
    port: Annotated[
        int | None, typer.Option(min=0, max=65_535, help="0 takes any that is free.", show_default="8000")
    ] = None,
    dev: Annotated[bool, typer.Option("--dev", help="Fill an empty database, and print a key to try it with.")] = False,
    workers: Annotated[int, typer.Option(min=1, help="Processes that answer.")] = 1,
    trusted_documents: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A manifest of documents that requests may name by id.")
    ] = None,
) -> None:
    """Bring the database up to date and answer requests until SIGTERM."""
    given = {"HOST": host, "PORT": port, "DEV": dev or None, "TRUSTED_DOCUMENTS": trusted_documents}
    os.environ.update({PREFIX + name: str(value) for name, value in given.items() if value is not None})
    settings = load_settings()
    check_manifest(settings)
    port = port_to_listen_on(settings.host, settings.port)
    if settings.metrics_port is not None:
        port_to_listen_on(settings.metrics_host, settings.metrics_port)
    if settings.dev:
        prepare_demo(settings, port)
    else:
        migrate_to_head(settings)

    import uvicorn

    from graphql_api.observability import log
    from graphql_api.observability.metrics_server import metrics_server
    from graphql_api.workers import WorkerFailed, supervise

    options: dict[str, Any] = {
        "factory": True,
        "host": settings.host,
        "port": port,
        "workers": workers,
        "log_config": log.configuration(settings),
        "access_log": False,
        **connection_options(settings),
    }
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # uvicorn raises it again once it has shut down
    with metrics_server(settings, workers):
        if workers == 1:
            uvicorn.run(APPLICATION, **options)
            return
        try:
            supervise(uvicorn.Config(APPLICATION, **options))
        except WorkerFailed as error:
            raise typer.TyperException(str(error)) from error


def connection_options(settings: Settings) -> dict[str, Any]:
    """How uvicorn holds connections."""
    from graphql_api.http.uvicorn_protocol import HTTPProtocol, WebSocketProtocol

    return {
        "http": HTTPProtocol,
        "proxy_headers": False,  # nothing here asks from where a request comes
        "server_header": False,
        "ws": WebSocketProtocol,
        "ws_max_size": settings.max_request_bytes,
        "ws_per_message_deflate": False,  # which takes memory for each socket, and messages are small
        "timeout_graceful_shutdown": math.ceil(settings.deadline_seconds),  # no request is under way for longer
    }


def check_manifest(settings: Settings) -> None:
    """Raises BadManifest here, and not in each of uvicorn's processes, which would be started again and again."""
    if settings.trusted_documents is not None:
        from graphql_api.execution.documents import Documents
        from graphql_api.schema import schema

        Documents(schema._schema, settings)


def port_to_listen_on(host: str, port: int) -> int:
    """The port, or any that is free in place of 0; refused here and not half-way through a start."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            problem = f"{host} port {port} cannot be listened on: {error.strerror}."
            raise typer.TyperException(problem) from error
        return int(probe.getsockname()[1])


def prepare_demo(settings: Settings, port: int) -> None:
    """Fill an empty database, and say how to try it. The key reaches the server's processes by the environment."""
    from graphql_api import demo

    key = settings.dev_key or on_database(settings, demo.prepare, datetime.now(UTC))
    os.environ[f"{PREFIX}DEV_KEY"] = key
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    typer.echo(demo.invitation(f"http://{host}:{port}/graphql", key))


def migrate(
    partitions: Annotated[
        int | None,
        typer.Option(min=2, max=1_000, help="On PostgreSQL, divide the big tables by application into so many each."),
    ] = None,
) -> None:
    """Bring the database up to date."""
    settings = load_settings().model_copy(update={"database_statement_timeout_seconds": A_DAY})
    if partitions is not None:
        from db.migrations.partitions import partition

        made = on_database(settings, partition, partitions)
        typer.echo(f"The big tables have {partitions} partitions each{'' if made else ' already'}.")
    typer.echo(f"The database is at revision {migrate_to_head(settings)}.")


def migrate_to_head(settings: Settings) -> str | None:
    """Bring the database up to date and answer its revision."""
    from db.migrations import current

    return on_database(settings, current)
