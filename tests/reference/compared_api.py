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
from sample_promotions import BATCHES, CAMPAIGNS, CODES
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
        all_of = "(applicationId: $of, "
        yield "events", self.all_of(f"customerSessions{all_of}", "events")
        yield "campaigns", self.all_of(f"campaigns{all_of}")
        for kind in ("coupons", "referrals", "redemptionHistory"):
            yield kind, self.all_of(f"campaigns{all_of}", kind)
        yield "counters", dict(self.all_counters())

    def all_counters(self) -> Iterator[tuple[str, str]]:
        """Yield the cursors of all counters, by the IDs of the reference implementation."""
        limits = {f"limit-{row['application_id']}-{row['limit_id']}" for row in self.rows.all("limit_counter")}
        document = "query ($ids: [ID!]!) { nodes(ids: $ids) { ... on CampaignLimit { id counters(first: 100)"
        document += " { edges { cursor node { subject period } } } } } }"
        for limit in self.api.data(document, {"ids": sorted(limits)}, "admin")["nodes"]:
            for edge in limit["counters"]["edges"]:
                parts = (edge["node"][name] or "" for name in ("subject", "period"))
                key = "-".join(part.encode().hex() for part in parts)
                yield f"{limit['id'].replace('limit', 'counter')}-{key}", edge["cursor"]

    def all_of(self, field: str, nested: str = "") -> Mapping[str, str]:
        """Return the cursors of a list in all applications, by ID; or those of a list that is nested in it."""
        inside = f"nodes {{ {nested}(first: 100) {{ {EDGES} }} }}" if nested else ""
        selected = f"{{ {EDGES} {inside} }}"
        document = f"query ($of: Int, $after: String) {{ it: {field} first: 100, after: $after) {selected} }}"
        found: dict[str, str] = {}
        for application in (1, 2, 3, 4):
            after, more = None, True
            while more:
                page = self.api.data(document, {"of": application, "after": after}, "admin")["it"]
                pages = [node[nested] for node in page["nodes"]] if nested else [page]
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
                "coupon-1-1",
                "referral-1-1",
                "profile-1-6e6f626f6479",
                *(type_(self.dataset, row).id for table, type_ in NODES for row in self.rows.all(table)[::3]),
            ],
            sessions=["nobody", *(row["integration_id"] for row in sessions[::4])],
            profiles=["nobody", *PROFILES],
            campaigns=["nothing", *CAMPAIGNS],
            codes=["nothing", "é", *(f" {code.lower()}{number}" for code in CODES for number in (1, 2))],
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
                "CouponFilter": {
                    "codePrefix": ["", "h", " HELLO", "s%", "ß", "é", "😀"],
                    "batch": ["", *BATCHES],
                    "recipientProfileIds": ["nobody", *PROFILES],
                    "used": [True, False],
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
