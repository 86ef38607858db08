"""Run GraphQL queries for a command, without a server and with access to every application."""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:  # SQLAlchemy is slow to import
    from db.engine.database import Database
    from graphql_api.settings import Settings

MAX_COST = 100_000


class TooLarge(Exception):
    """A query asks for more than one answer can hold."""


class Queries:
    """Runs queries on an open database."""

    def __init__(self, database: "Database", settings: "Settings") -> None:
        from db.events.feed import Feed
        from db.tables import KeyRole
        from graphql_api.execution.documents import Documents
        from graphql_api.schema import schema
        from graphql_api.security.viewer import Viewer

        self._database = database
        self._settings = settings.model_copy(update={"max_cost": MAX_COST, "trusted_documents": None})
        self._viewer = Viewer(0, "command line", "command line", KeyRole.ADMIN)
        self._documents = Documents(schema._schema, self._settings)
        self._feed = Feed(database, 1, 1)  # for subscriptions: not started

    async def run(self, document: str, variables: Mapping[str, Any]) -> Any:
        """Return the data of a query, which selects ``application``. Raises TyperException on an error, or TooLarge."""
        import orjson

        from graphql_api.errors import LimitExceeded, OperationFailed, first_code
        from graphql_api.execution.context import Context
        from graphql_api.execution.run import run, to_response

        parsed = self._documents.parse(document)
        context = Context(self._database, self._settings, self._viewer, parsed, self._feed)
        try:
            result = await run(context, parsed.operations[0], variables)
        except OperationFailed as failed:
            if first_code(failed.errors) == LimitExceeded.code:
                raise TooLarge(failed.errors[0].message) from failed
            raise typer.TyperException(failed.errors[0].message) from failed
        if result.errors:
            raise typer.TyperException(result.errors[0].message)
        data = json.loads(orjson.dumps(to_response(result)["data"]))  # parts of it are JSON already
        if data["application"] is None:
            raise typer.TyperException(f"There is no application {variables['application']}.")
        return data


def read_filter(text: str | None) -> Any:
    """Return the filter of a list, given as JSON. Raises BadParameter for any other text."""
    if text is None:
        return None
    try:
        given = json.loads(text)
    except ValueError as error:
        raise typer.BadParameter(f"is not JSON: {error}.", param_hint="--filter") from error
    if not isinstance(given, dict):
        raise typer.BadParameter('is not a JSON object such as {"states": ["CLOSED"]}.', param_hint="--filter")
    return given
