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
from graphql_api.settings import load_settings

if TYPE_CHECKING:  # SQLAlchemy is slow to import
    from sqlalchemy import Connection

    from db.engine.database import Database


def import_(
    file: Annotated[Path, typer.Argument(help="One session a line, as export writes them; - is standard input.")],
    application: Annotated[
        int, typer.Option(**APPLICATION, help="The application that is to have them, whatever the file says.")
    ],
    on_error: Annotated[
        Literal["stop", "skip"], typer.Option(help="After a line that fails: stop, or skip it and go on.")
    ] = "stop",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Write nothing; say what would be.")] = False,
    recompute: Annotated[
        bool, typer.Option("--recompute", help="Put right a total or firstSession that does not fit.")
    ] = False,
) -> None:
    """Import sessions. What is imported stays; to complete an import that was stopped, run it again."""
    from db.import_export.importing import ImportSessions, OnError, import_sessions
    from graphql_api.commands.progress import per_second, progress

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


def export(
    application: Annotated[int, typer.Option(**APPLICATION, help="Whose sessions.")],
    file: Annotated[Path, typer.Argument(help="The file to write; - is standard output.")] = STANDARD,
) -> None:
    """Export every session of an application as JSON, one a line, in the order in which they were made."""
    from db.import_export.exporting import export_sessions

    def write(connection: "Connection") -> None:
        with writing(file) as stream:
            stream.writelines(export_sessions(connection, application))

    try:
        with_database(load_settings(), lambda database: database.query(write))
    except BrokenPipeError:  # whoever read has read enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # Python flushes it again at the end
    except OSError as error:
        raise typer.TyperException(f"{file}: {error.strerror}.") from error


def check(application: Annotated[int | None, typer.Option(**APPLICATION, help="Only this one.")] = None) -> None:
    """Hold every session against its history and its parts, and print where they disagree."""
    from db.import_export.checking import application_ids, check_sessions
    from graphql_api.commands.progress import legible

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
