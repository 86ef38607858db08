"""cartograph coupons: generate, import and export the coupons of a campaign."""

import os
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from graphql_api.commands.database import APPLICATION, with_database
from graphql_api.commands.files import STANDARD, reading, writing
from graphql_api.settings import load_settings

if TYPE_CHECKING:  # SQLAlchemy is slow to import
    from sqlalchemy import Connection

    from db.engine.database import Database

coupons = typer.Typer(help="Generate, import and export the coupons of a campaign.", no_args_is_help=True)

Application = Annotated[int, typer.Option("--application", **APPLICATION, help="The application of the campaign.")]
Campaign = Annotated[str, typer.Option("--campaign", help="The name of the campaign, which requires COUPON.")]
Batch = Annotated[str, typer.Option("--batch", help="The name of the batch.")]
UsageLimit = Annotated[
    int, typer.Option("--usage-limit", min=0, help="The number of sessions that can use each code; 0 for no limit.")
]


@coupons.command()
def generate(
    application: Application,
    campaign: Campaign,
    batch: Batch,
    count: Annotated[int, typer.Option("--count", min=1, help="The number of codes in the batch.")],
    pattern: Annotated[str, typer.Option("--pattern", help="The pattern; each # is a random character.")] = "########",
    characters: Annotated[str | None, typer.Option("--characters", help="The characters of a #.")] = None,
    usage_limit: UsageLimit = 1,
    file: Annotated[
        Path | None, typer.Argument(help="A file for all codes of the batch; - is standard output.")
    ] = None,
) -> None:
    """Generate a batch of coupons with random codes. To complete an interrupted batch, run the same command again."""
    from db.domain.promotions.code_pattern import DEFAULT_CHARACTERS, CodePattern
    from db.operations.coupon_batches import generate_batch, open_batch
    from graphql_api.commands.progress import per_second, show_progress

    chosen = CodePattern.of(pattern, DEFAULT_CHARACTERS if characters is None else characters)

    async def run(database: "Database") -> tuple[int, float]:
        began, generated = time.monotonic(), 0
        limit = usage_limit or None
        made = await database.query(open_batch, application, campaign, batch, limit, datetime.now(UTC))
        with show_progress(count, "codes") as progress:
            async for number in generate_batch(database, made, chosen, count):
                generated += number
                progress.advance(number, number)
        seconds = time.monotonic() - began
        if file is not None:
            await database.query(write_codes, application, campaign, batch, file)
        return generated, seconds

    generated, seconds = with_database(load_settings(), run)
    existing = f", {count - generated} were there" * (generated < count)
    typer.echo(
        f"{generated} generated{existing}, in {seconds:.1f} seconds, {per_second(generated, seconds)} a second.",
        err=True,
    )


@coupons.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="A file with one code a line; - is standard input.")],
    application: Application,
    campaign: Campaign,
    batch: Batch,
    usage_limit: UsageLimit = 1,
) -> None:
    """Import codes. Lines that are refused are printed. To complete an interrupted import, run it again."""
    from db.import_export.lines import read_lines
    from db.operations.coupon_batches import MAX_LINE_BYTES, import_batch, open_batch
    from graphql_api.commands.progress import per_second, show_progress

    count = {"created": 0, "unchanged": 0, "failed": 0}

    async def run(database: "Database") -> float:
        began = time.monotonic()
        limit = usage_limit or None
        made = await database.query(open_batch, application, campaign, batch, limit, datetime.now(UTC))
        size = file.stat().st_size if file.is_file() else None
        with reading(file) as stream, show_progress(size, "codes") as progress:
            lines = (line.content for line in read_lines(stream, MAX_LINE_BYTES))
            async for report in import_batch(database, made, lines):
                for problem in report.problems:
                    progress.print(problem)
                count["created"] += report.created
                count["unchanged"] += report.unchanged
                count["failed"] += len(report.problems)
                progress.advance(report.created + report.unchanged, report.size)
        return time.monotonic() - began

    try:
        seconds = with_database(load_settings(), run)
    except OSError as error:
        raise typer.TyperException(f"{file}: {error.strerror}.") from error
    done = ", ".join(f"{number} {name}" for name, number in count.items())
    typer.echo(f"{done} in {seconds:.1f} seconds, {per_second(sum(count.values()), seconds)} a second.")
    if count["failed"]:
        raise typer.Exit(1)


@coupons.command()
def export(
    application: Application,
    campaign: Campaign,
    batch: Annotated[str | None, typer.Option("--batch", help="Export only this batch.")] = None,
    file: Annotated[Path, typer.Argument(help="The file to write; - is standard output.")] = STANDARD,
) -> None:
    """Export the codes of a campaign, one a line, in order."""
    try:
        with_database(load_settings(), lambda database: database.query(write_codes, application, campaign, batch, file))
    except BrokenPipeError:  # the reader has closed the pipe
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # Python flushes it once more at exit
    except OSError as error:
        raise typer.TyperException(f"{file}: {error.strerror}.") from error


def write_codes(connection: "Connection", application: int, campaign: str, batch: str | None, file: Path) -> None:
    """Write the codes of a campaign, or of one of its batches, to a file."""
    from db.operations.coupon_batches import export_codes

    with writing(file) as stream:
        stream.writelines(export_codes(connection, application, campaign, batch))
