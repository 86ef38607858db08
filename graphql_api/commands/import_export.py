"""cartograph import, cartograph export, cartograph check."""

import gc
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from graphql_api.commands.database import APPLICATION, with_database
from graphql_api.commands.files import STANDARD, reading, writing
from graphql_api.commands.statistics import FILTER
from graphql_api.settings import load_settings

if TYPE_CHECKING:  # SQLAlchemy is slow to import
    from sqlalchemy import Connection

    from db.engine.database import Database


def import_(
    file: Annotated[
        Path, typer.Argument(help="A file with one JSON session a line, as export writes it; - is standard input.")
    ],
    application: Annotated[
        int, typer.Option(**APPLICATION, help="The application to import into; applicationId in the file is ignored.")
    ],
    on_error: Annotated[
        Literal["stop", "skip"], typer.Option(help="After a line that fails: stop, or skip it and continue.")
    ] = "stop",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Write nothing; report what an import would do.")] = False,
    recompute: Annotated[bool, typer.Option("--recompute", help="Correct a wrong total or firstSession.")] = False,
) -> None:
    """Import sessions from a file. To complete an interrupted import, run it again: existing sessions are kept."""
    from db.import_export.importing import ImportSessions, OnError, import_sessions
    from graphql_api.commands.progress import per_second, show_progress

    settings = load_settings()
    command = ImportSessions(
        application_id=application,
        on_error=OnError(on_error),
        dry_run=dry_run,
        recompute=recompute,
        max_session_bytes=settings.max_session_bytes,
    )
    count = dict.fromkeys(("created", "unchanged", "failed"), 0)

    async def run(database: "Database") -> float:
        gc.disable()  # it would scan every batch many times, and the objects of a line have no cycles
        began = time.monotonic()
        size = file.stat().st_size if file.is_file() else None
        with reading(file) as stream, show_progress(size) as progress:
            async for report in import_sessions(database, command, stream):
                for problem in report.corrected:
                    progress.print(f"{problem} Corrected.")
                for problem in report.problems:
                    progress.print(str(problem))
                for name in count:
                    count[name] += getattr(report, name)
                progress.advance(report.created + report.unchanged + report.failed, report.size)
        return time.monotonic() - began

    try:
        seconds = with_database(settings, run)
    except OSError as error:
        raise typer.TyperException(f"{file}: {error.strerror}.") from error
    finally:
        gc.enable()
    done = ", ".join(f"{number} {name}" for name, number in count.items())
    rate = per_second(sum(count.values()), seconds)
    typer.echo(f"{'Dry run: ' * dry_run}{done} in {seconds:.1f} seconds, {rate} a second.")
    if count["failed"]:
        raise typer.Exit(1)


def export(
    application: Annotated[int, typer.Option(**APPLICATION, help="The application to export.")],
    file: Annotated[Path, typer.Argument(help="The file to write; - is standard output.")] = STANDARD,
    format: Annotated[
        Literal["json", "csv"], typer.Option(help="JSON lines, which can be imported; or CSV for a spreadsheet.")
    ] = "json",
    lines: Annotated[
        bool, typer.Option("--lines", help="CSV: a row for each cart line, not for each session.")
    ] = False,
    filter: Annotated[str | None, FILTER] = None,
) -> None:
    """Export all sessions of an application, in order of creation: as JSON, one a line, or as CSV."""
    from db.import_export.exporting import export_sessions
    from graphql_api.commands.queries import Queries, read_filter
    from graphql_api.commands.spreadsheet import csv_rows

    settings = load_settings()
    wanted = read_filter(filter)
    if format == "json" and (lines or filter):
        raise typer.BadParameter("needs --format csv.", param_hint="--lines" if lines else "--filter")

    def write(connection: "Connection") -> None:
        with writing(file) as stream:
            stream.writelines(export_sessions(connection, application))

    async def write_csv(database: "Database") -> None:
        with writing(file) as stream:
            async for page in csv_rows(Queries(database, settings), application, wanted, lines):
                stream.write(page)

    try:
        if format == "csv":
            with_database(settings, write_csv)
        else:
            with_database(settings, lambda database: database.query(write))
    except BrokenPipeError:  # the reader has closed the pipe
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # Python flushes it once more at exit
    except OSError as error:
        raise typer.TyperException(f"{file}: {error.strerror}.") from error


def check(
    application: Annotated[int | None, typer.Option(**APPLICATION, help="Check only this application.")] = None,
) -> None:
    """Check every session against its events and parts, and print the disagreements."""
    from db.import_export.checking import application_ids, check_sessions
    from graphql_api.commands.progress import escape

    began = time.monotonic()

    def run(connection: "Connection") -> tuple[int, int]:
        sessions = disagreements = 0
        for application_id in application_ids(connection) if application is None else [application]:
            for page in check_sessions(connection, application_id):
                sessions += page.sessions
                disagreements += len(page.disagreements)
                for each in page.disagreements:
                    typer.echo(escape(str(each)))
        return sessions, disagreements

    sessions, disagreements = with_database(load_settings(), lambda database: database.query(run))
    seconds = time.monotonic() - began
    typer.echo(f"{sessions} sessions checked, {disagreements} disagreements, in {seconds:.1f} seconds.")
    if disagreements:
        raise typer.Exit(1)
