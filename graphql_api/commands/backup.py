"""cartograph backup."""

from pathlib import Path
from typing import Annotated

import typer

from graphql_api.settings import load_settings


def backup(
    file: Annotated[Path, typer.Argument(help="The file to create.")],
) -> None:
    """Copy an SQLite database while servers use it. Use pg_dump or pg_basebackup for PostgreSQL."""
    from db.engine.backup import backup
    from db.engine.errors import UnusableDatabase

    try:
        size = backup(load_settings().database_url, file)
    except UnusableDatabase as error:
        raise typer.TyperException(str(error)) from error
    except FileExistsError as error:
        raise typer.TyperException(f"{file} exists; a backup does not overwrite files.") from error
    except OSError as error:
        raise typer.TyperException(f"{file}: {error.strerror}.") from error
    typer.echo(f"{file}: {size} bytes.")
