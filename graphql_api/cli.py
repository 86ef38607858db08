"""The command ``cartograph``: composes, and turns what goes wrong into one sentence."""

from collections.abc import Sequence

import typer

from db.domain.errors import Refused
from graphql_api.commands.backup import backup
from graphql_api.commands.exchange import check, export, import_
from graphql_api.commands.keys import create_application, create_key
from graphql_api.commands.schema import export_schema
from graphql_api.commands.serve import migrate, serve
from graphql_api.settings import InvalidSetting

app = typer.Typer(
    help="The open GraphQL server for customer sessions.",
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
for command in (serve, migrate, export_schema, create_application, create_key, export, check, backup):
    app.command()(command)
app.command("import")(import_)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and answer its exit code: 2 for bad arguments, 1 for a failure, each with one sentence."""
    try:
        return app(arguments, prog_name="cartograph", standalone_mode=False) or 0
    except typer.TyperException as error:
        typer.echo(error.format_message().replace("\n\t", " "), err=True)  # typer puts choices on lines of their own
        return error.exit_code
    except (InvalidSetting, Refused) as error:
        typer.echo(error, err=True)
        return 1
