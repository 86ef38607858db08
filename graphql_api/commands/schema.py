"""cartograph export-schema."""

from pathlib import Path
from typing import Annotated

import typer


def export_schema(
    path: Annotated[Path, typer.Argument(help="The file to write; - is standard output.")] = Path("schema.graphql"),
    check: Annotated[bool, typer.Option("--check", help="Write nothing; fail if the file differs.")] = False,
) -> None:
    """Write the GraphQL schema in SDL."""
    from graphql_api.schema import to_sdl

    text = to_sdl()
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
