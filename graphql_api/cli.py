"""The command ``cartograph``: its subcommands, and one sentence on stderr for each error."""

from collections.abc import Sequence
from importlib.metadata import version
from typing import Annotated

import typer

from db.domain.errors import Refused
from graphql_api.commands.backup import backup
from graphql_api.commands.coupons import coupons
from graphql_api.commands.import_export import check, export, import_
from graphql_api.commands.keys import create_application, create_key, list_keys, revoke_key
from graphql_api.commands.schema import export_schema
from graphql_api.commands.serve import migrate, serve
from graphql_api.commands.settings import settings
from graphql_api.commands.statistics import statistics
from graphql_api.commands.webhooks import webhooks
from graphql_api.settings import InvalidSetting

DISTRIBUTION = "cartograph-graphql"

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
COMMANDS = (
    serve,
    migrate,
    export_schema,
    create_application,
    create_key,
    revoke_key,
    export,
    statistics,
    check,
    backup,
    settings,
)
for command in COMMANDS:
    app.command()(command)
app.command("import")(import_)
app.command("keys")(list_keys)
app.add_typer(coupons, name="coupons")
app.add_typer(webhooks, name="webhooks")


def print_version(requested: bool) -> None:
    """Print the version of the distribution, and exit."""
    if requested:
        typer.echo(f"cartograph {version(DISTRIBUTION)}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """The open GraphQL server for customer sessions."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code: 0, 2 for bad arguments, or 1 for any other error."""
    try:
        return app(arguments, prog_name="cartograph", standalone_mode=False) or 0
    except typer.TyperException as error:
        typer.echo(error.format_message().replace("\n\t", " "), err=True)  # typer prints choices on separate lines
        return error.exit_code
    except (InvalidSetting, Refused) as error:
        typer.echo(error, err=True)
        return 1
