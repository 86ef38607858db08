"""The cases that read. All requests of a case have the same document and differ in their variables."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from data import COUPONS, SESSIONS, created

from db.domain.times import format_time

REQUESTS = 1_000
CHECKED = 20  # requests of a case whose answers are compared before anything is timed
STRIDE = 7_919  # coprime to the number of sessions: successive requests read distant rows
NEW = "@"  # placeholder for the ID of a new session

CART = """fragment Cart on CustomerSession {
    integrationId
    profileId
    state
    total
    created
    firstSession
    cartItems { position sku name quantity price total }
}"""
POSTGRAPHILE = "PostGraphile"
GRAPHILE_CART = """fragment Cart on CustomerSession {
    integrationId
    profileId
    state: formattedState
    total: formattedTotal
    created: formattedCreated
    firstSession
    cartItems { position sku name quantity price: formattedPrice total: formattedTotal }
}"""
ALIASES = range(1, 101)
INTEGRATION_IDS = ", ".join(f"$i{each}: String!" for each in ALIASES)
ALIASED = "\n".join(
    f"a{each}: customerSession(integrationId: $i{each}) {{ integrationId state total }}" for each in ALIASES
)


@dataclass(frozen=True)
class Request:
    """An operation: its name, its document, and a function from a session's number to its variables.

    ``translated`` maps the name of an implementation with another schema to a document with the same result.
    """

    operation: str
    query: str
    variables: Callable[[int], dict[str, Any]]
    translated: Mapping[str, str] = field(default_factory=dict)

    def body(self, number: int, implementation: str) -> str:
        """Return the body of the HTTP request to an implementation."""
        query, variables = self.translated.get(implementation, self.query), self.variables(number)
        return json.dumps({"query": query, "operationName": self.operation, "variables": variables})


@dataclass(frozen=True)
class Case:
    """A request to time, and a second one, ``then``, about the session that it created.

    The answers to ``refused`` are compared but not timed.
    """

    name: str
    request: Request
    then: Request | None = None
    refused: Sequence[Request] = ()

    @property
    def writes(self) -> bool:
        """Whether the case changes rows."""
        return self.request.query.startswith("mutation")

    def bodies(self, implementation: str) -> list[list[str]]:
        """Return the bodies of the requests in their order, each followed by that of ``then``."""
        requests = (self.request, self.then) if self.then else (self.request,)
        return [
            [each.body(number * STRIDE % SESSIONS, implementation) for each in requests] for number in range(REQUESTS)
        ]

    def bodies_to_compare(self, implementation: str) -> list[str]:
        """Return requests that must have the same answers. Writes are sent twice: the second time they are refused."""
        numbered = enumerate(self.bodies(implementation)[:CHECKED])
        bodies = [body.replace(NEW, f"{self.name} {number}") for number, both in numbered for body in both]
        return [*bodies, *(bodies if self.writes else ()), *(each.body(0, implementation) for each in self.refused)]


def moment(number: int) -> str:
    """Return the creation time of a session. Pages that end there start anywhere in the table."""
    return format_time(created(number))


def day(number: int) -> dict[str, str]:
    """Return the 24 hours from the creation of a session."""
    return {"from": moment(number), "to": format_time(created(number) + timedelta(days=1))}


READS = (
    Case(
        name="One session with 5 lines",
        request=Request(
            operation="Session",
            query="""query Session($integrationId: String!) {
                customerSession(integrationId: $integrationId) { ...Cart }
            }"""
            + CART,
            translated={
                POSTGRAPHILE: """query Session($integrationId: String!) {
                    customerSession: customerSessionByApplicationIdAndIntegrationId(
                        applicationId: 1, integrationId: $integrationId
                    ) { ...Cart }
                }"""
                + GRAPHILE_CART
            },
            variables=lambda number: {"integrationId": f"session-{number}"},
        ),
    ),
    Case(
        name="A page of 50 sessions with 5 lines each",
        request=Request(
            operation="Page",
            query="""query Page($to: DateTime!) {
                customerSessions(first: 50, filter: {created: {to: $to}}) { nodes { ...Cart } }
            }"""
            + CART,
            translated={
                POSTGRAPHILE: """query Page($to: Datetime!) {
                    customerSessions: allCustomerSessions(
                        first: 50
                        condition: {applicationId: 1}
                        filter: {created: {lessThan: $to}}
                        orderBy: [CREATED_DESC, ROW_ID_DESC]
                    ) { nodes { ...Cart } }
                }"""
                + GRAPHILE_CART
            },
            variables=lambda number: {"to": moment(number)},
        ),
    ),
    Case(
        name="A page of 20 with customer, discounts, returns, events",
        request=Request(
            operation="Histories",
            query="""query Histories($to: DateTime!) {
                customerSessions(first: 20, filter: {created: {to: $to}}) {
                    nodes {
                        integrationId
                        state
                        total
                        netTotal
                        profile { integrationId created }
                        discounts { label amount }
                        returns { created amount }
                        events(last: 3) { nodes { __typename version occurred actor } }
                    }
                }
            }""",
            variables=lambda number: {"to": moment(number)},
        ),
    ),
    Case(
        name="A filtered page of 20 with its total count",
        request=Request(
            operation="Filtered",
            query="""query Filtered($states: [SessionState!], $coupons: [String!]) {
                customerSessions(first: 20, filter: {states: $states, coupons: $coupons}) {
                    totalCount
                    nodes { integrationId profileId state coupon total created }
                }
            }""",
            variables=lambda number: {
                "states": ["CLOSED", "PARTIALLY_RETURNED"],
                "coupons": [f"coupon-{number % COUPONS}"],
            },
        ),
    ),
    Case(
        name="The total count of a filter",
        request=Request(
            operation="Counted",
            query="""query Counted($states: [SessionState!], $created: DateTimeRange) {
                customerSessions(filter: {states: $states, created: $created}) { totalCount }
            }""",
            variables=lambda number: {"states": ["CLOSED"], "created": day(number)},
        ),
    ),
    Case(
        name="100 aliases of one session each",
        request=Request(
            operation="Aliases",
            query=f"query Aliases({INTEGRATION_IDS}) {{\n{ALIASED}\n}}",
            variables=lambda number: {f"i{each}": f"session-{(number + each * STRIDE) % SESSIONS}" for each in ALIASES},
        ),
    ),
)
