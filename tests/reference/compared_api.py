"""The API over sample sessions, and the reference implementation's results for the same rows."""

import json
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from itertools import product
from typing import Any

import orjson
from api_server import Api
from dataset import Dataset, to_api_value
from graphql.execution.values import VariableValues
from random_documents import ORDERS, KnownValues, QueryRequest
from reference_resolver import NODES, Viewer
from sample_sessions import COUPONS, PROFILES, SKUS, fill_applications
from sqlalchemy import Connection
from table_rows import Rows

from db.tables import KeyRole
from graphql_api.errors import LimitExceeded, OperationFailed
from graphql_api.execution.context import Context
from graphql_api.execution.document import Document
from graphql_api.execution.run import coerce_variables
from graphql_api.security.viewer import TokenPermissions
from graphql_api.security.viewer import Viewer as Holder
from graphql_api.settings import Settings
from graphql_api.sql.request import Request

VIEWERS = {
    "reader": Viewer("Reader", "READER", 1),
    "other reader": Viewer("Other reader", "READER", 2),
    "admin": Viewer("Admin", "ADMIN", None),
}
EDGES = "pageInfo { hasNextPage endCursor } edges { cursor node { id } }"


class ComparedApi:
    """The API over sample sessions, and the dataset of the reference implementation."""

    def __init__(self, api: Api, fill_applications: Callable[[Connection], object] = fill_applications) -> None:
        self.api = api
        api.runner.run(api.database.write(fill_applications))
        self.rows = api.runner.run(api.database.query(Rows))
        self.cursors = dict(self.all_cursors())
        self.dataset = Dataset(self.rows, self.cursors, api.server.settings)

    def all_cursors(self) -> Iterator[tuple[str, Mapping[str, str]]]:
        """Yield the server's cursors for each order, by ID."""
        for field, type_ in (
            ("customerSessions", "CustomerSessionOrder"),
            ("customerProfiles", "CustomerProfileOrder"),
        ):
            for by, to in product(ORDERS[type_], ("ASC", "DESC")):
                order = f"orderBy: {{field: {by}, direction: {to}}}"
                yield f"{type_} {by} {to}", self.all_of(f"{field}(applicationId: $of, {order}, ")
        found = self.api.data(f"{{ applications {{ {EDGES} }} }}", key="admin")["applications"]["edges"]
        yield "applications", {edge["node"]["id"]: edge["cursor"] for edge in found}
        events = f"nodes {{ events(first: 100) {{ {EDGES} }} }}"
        yield "events", self.all_of("customerSessions(applicationId: $of, ", events)

    def all_of(self, field: str, selection: str = "") -> Mapping[str, str]:
        """Return the cursors of a list in all applications, by ID."""
        selected = f"{{ {EDGES} {selection} }}"
        document = f"query ($of: Int, $after: String) {{ it: {field} first: 100, after: $after) {selected} }}"
        found: dict[str, str] = {}
        for application in (1, 2, 3, 4):
            after, more = None, True
            while more:
                page = self.api.data(document, {"of": application, "after": after}, "admin")["it"]
                pages = [node["events"] for node in page["nodes"]] if selection else [page]
                found |= {edge["node"]["id"]: edge["cursor"] for each in pages for edge in each["edges"]}
                after, more = page["pageInfo"]["endCursor"], page["pageInfo"]["hasNextPage"]
        return found

    @property
    def known_values(self) -> KnownValues:
        """Existing and missing IDs, names and values for random documents."""
        sessions = self.rows.all("customer_session")
        moments = {
            name: sorted({str(to_api_value(row[name])) for row in sessions if row[name]})
            for name in ("created", "updated", "closed")
        }
        return KnownValues(
            ids=[
                "session-1-9999",
                "profile-1-6e6f626f6479",
                *(type_(self.dataset, row).id for table, type_ in NODES for row in self.rows.all(table)[::3]),
            ],
            sessions=["nobody", *(row["integration_id"] for row in sessions[::4])],
            profiles=["nobody", *PROFILES],
            filters={
                "CustomerSessionFilter": {
                    "states": ["OPEN", "CLOSED", "PARTIALLY_RETURNED", "CANCELLED"],
                    "profileIds": ["nobody", *PROFILES],
                    "coupons": ["", *COUPONS],
                    "referrals": ["", *COUPONS],
                    "identifiers": ["none", "web", "shop", "漢字", "7"],
                    "skus": ["none", *SKUS],
                    "integrationIdPrefix": ["", "s", "S", "s1", "ß", "😀", "s%", "s%_1", "\U0010ffff"],
                    "firstSession": [True, False],
                    **moments,
                    "total": ["0", *sorted({f"{row['total']:f}" for row in sessions})],
                },
                "CustomerProfileFilter": {
                    "integrationIdPrefix": ["", "a", "A", "ad", "r", "😀", "漢", "\U0010ffff"],
                    "created": sorted({str(to_api_value(row["created"])) for row in self.rows.all("customer_profile")}),
                },
            },
            cursors=self.cursors,
        )

    def post(self, asked: QueryRequest) -> dict[str, Any]:
        """Return the response over HTTP."""
        body = {"query": asked.document, "variables": asked.variables, "operationName": asked.operation_name}
        response = self.api.runner.run(self.api.post(body, asked.key))
        answer: dict[str, Any] = json.loads(response.text, parse_float=Decimal)
        return answer

    def statement(self, asked: QueryRequest, permissions: TokenPermissions) -> str:
        """Return the SQL for a request with a session token. Raises BadUserInput on invalid pages."""
        server = self.api.server
        viewer = Holder(1, "x", "Till (session token)", KeyRole.READER, token_permissions=permissions)
        document = server.documents.parse(asked.document)
        operation = document.operations[0]
        request = Request(viewer, server.settings, coerce(document, server.settings, asked).coerced)
        return str(self.api.runner.run(document.plan_operation(operation, request, server.database.dialect)).statement)

    def costs(self, asked: QueryRequest) -> tuple[int, int]:
        """Return the cost of a request by the document that the server has cached, and by a new one.

        Raises BadUserInput on page sizes out of range, and on null where it is not allowed.
        """
        server = self.api.server
        viewer = self.api.runner.run(server.authenticator.authenticate(f"Bearer {self.api.keys[asked.key]}"))
        cached = server.documents.parse(asked.document)
        new = Document.of(cached.schema, cached.ast)
        operation = cached.operations[0]
        request = Request(viewer, server.settings, coerce(cached, server.settings, asked).coerced)
        return cached.cost(operation, request), new.cost(operation, request)

    def run(self, run_operation: Callable[..., Any], asked: QueryRequest) -> dict[str, Any]:
        """Return the result of running a query with or without compilation."""
        server = self.api.server
        viewer = self.api.runner.run(server.authenticator.authenticate(f"Bearer {self.api.keys[asked.key]}"))
        document = server.documents.parse(asked.document)
        context = Context(server.database, server.settings, viewer, document, server.feed)
        operation = document.operations[0]
        try:
            result = self.api.runner.run(run_operation(context, operation, coerce(document, server.settings, asked)))
        except (LimitExceeded, OperationFailed):
            return {"data": None, "codes": ["not executed"]}
        errors = [each.extensions["code"] for each in result.errors or ()]
        return {"data": orjson.loads(orjson.dumps(result.data)), "codes": errors}


def coerce(document: Document, settings: Settings, asked: QueryRequest) -> VariableValues:
    """Coerce the variables. Raises OperationFailed on values that do not match their types."""
    return coerce_variables(document, settings, document.operations[0], asked.variables)
