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
WORKER = "graphql_api.app:for_worker"
MIGRATION_SECONDS = 24 * 60 * 60  # for one statement, which may rewrite a table


def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on.", show_default="127.0.0.1")] = None,
    port: Annotated[
        int | None, typer.Option(min=0, max=65_535, help="TCP port; 0 picks a free one.", show_default="8000")
    ] = None,
    dev: Annotated[
        bool, typer.Option("--dev", help="Fill an empty database with a demo, and print an API key.")
    ] = False,
    workers: Annotated[int, typer.Option(min=1, help="Number of server processes.")] = 1,
    trusted_documents: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="JSON manifest of documents that requests can name by documentId."),
    ] = None,
) -> None:
    """Migrate the database and serve the API until SIGTERM."""
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
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # uvicorn raises the signal again after its shutdown
    with metrics_server(settings, workers):
        if workers == 1:
            uvicorn.run(APPLICATION, **options)
            return
        try:
            supervise(uvicorn.Config(WORKER, **options))
        except WorkerFailed as error:
            raise typer.TyperException(str(error)) from error


def connection_options(settings: Settings) -> dict[str, Any]:
    """Return the options of uvicorn for connections."""
    from graphql_api.http.uvicorn_protocol import HTTPProtocol, WebSocketProtocol

    return {
        "http": HTTPProtocol,
        "proxy_headers": False,  # the client's address is not used
        "server_header": False,
        "ws": WebSocketProtocol,
        "ws_max_size": settings.max_request_bytes,
        "ws_per_message_deflate": False,  # it takes memory for each socket, and messages are small
        "timeout_graceful_shutdown": math.ceil(settings.deadline_seconds),  # seconds; no request takes longer
    }


def check_manifest(settings: Settings) -> None:
    """Raise BadManifest before uvicorn starts, as it would restart failing workers again and again."""
    if settings.trusted_documents is not None:
        from graphql_api.execution.documents import Documents
        from graphql_api.schema import schema

        Documents(schema._schema, settings)


def port_to_listen_on(host: str, port: int) -> int:
    """Return the port, or a free one for 0. Raises TyperException if it is in use, before anything is created."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            problem = f"{host} port {port} is not available: {error.strerror}."
            raise typer.TyperException(problem) from error
        return int(probe.getsockname()[1])


def prepare_demo(settings: Settings, port: int) -> None:
    """Fill an empty database and print how to use it. Server processes get the key from the environment."""
    from graphql_api import demo

    key = settings.dev_key or on_database(settings, demo.prepare, datetime.now(UTC))
    os.environ[f"{PREFIX}DEV_KEY"] = key
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    typer.echo(demo.invitation(f"http://{host}:{port}/graphql", key))


def migrate(
    partitions: Annotated[
        int | None,
        typer.Option(min=2, max=1_000, help="On PostgreSQL, number of partitions by application of each large table."),
    ] = None,
) -> None:
    """Migrate the database to this release."""
    settings = load_settings().model_copy(update={"database_statement_timeout_seconds": MIGRATION_SECONDS})
    if partitions is not None:
        from db.migrations.partitions import partition

        made = on_database(settings, partition, partitions)
        typer.echo(f"The large tables have {partitions} partitions each{'' if made else ' already'}.")
    typer.echo(f"The database is at revision {migrate_to_head(settings)}.")


def migrate_to_head(settings: Settings) -> str | None:
    """Migrate the database to this release and return its revision."""
    from db.migrations import current

    return on_database(settings, current)
