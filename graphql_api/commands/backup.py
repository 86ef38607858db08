"""cartograph backup."""

from pathlib import Path
from typing import Annotated

import typer

from graphql_api.settings import load_settings


def backup(
    file: Annotated[Path, typer.Argument(help="The file to write; there must be none of that name.")],
) -> None:
    """Copy an SQLite database as it is at one moment, while servers go on; for PostgreSQL, use its own tools."""
    from db.engine.backup import backup
    from db.engine.errors import UnusableDatabase

    try:
        size = backup(load_settings().database_url, file)
    except UnusableDatabase as error:
        raise typer.TyperException(str(error)) from error
    except FileExistsError as error:
        raise typer.TyperException(f"{file} is there already; a backup takes no file's place.") from error
    except OSError as error:
        raise typer.TyperException(f"{file}: {error.strerror}.") from error
    typer.echo(f"{file}: {size} bytes.")
