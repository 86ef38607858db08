"""What is read. A case is one entry here; its requests differ in their variables alone, as an application's do."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from data import COUPONS, SESSIONS, created

from db.domain.times import format_time

REQUESTS = 1_000
CHECKED = 20  # of them are compared
STRIDE = 7_919  # prime to the number of sessions: neighbours in time are no neighbours in the table
NEW = "@"  # stands for the ID of a session that is yet to be made

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
    state: printedState
    total: printedTotal
    created: printedCreated
    firstSession
    cartItems { position sku name quantity price: printedPrice total: printedTotal }
}"""
ALIASES = range(1, 101)
INTEGRATION_IDS = ", ".join(f"$i{each}: String!" for each in ALIASES)
ALIASED = "\n".join(
    f"a{each}: customerSession(integrationId: $i{each}) {{ integrationId state total }}" for each in ALIASES
)


@dataclass(frozen=True)
class Request:
    """One operation, named as in ``query``, and its variables for each number of a session.

    ``translated`` has the query for peers, by their names, whose schemas are not ours; their answers are the same.
    """

    operation: str
    query: str
    variables: Callable[[int], dict[str, Any]]
    translated: Mapping[str, str] = field(default_factory=dict)

    def body(self, number: int, peer: str) -> str:
        """The JSON that is sent to a peer."""
        query, variables = self.translated.get(peer, self.query), self.variables(number)
        return json.dumps({"query": query, "operationName": self.operation, "variables": variables})


@dataclass(frozen=True)
class Case:
    """What is asked; ``then`` is asked of the session that was made. What is ``refused`` is compared and not timed."""

    name: str
    request: Request
    then: Request | None = None
    refused: Sequence[Request] = ()

    @property
    def writes(self) -> bool:
        """Whether rows change."""
        return self.request.query.startswith("mutation")

    def bodies(self, peer: str) -> list[list[str]]:
        """The requests to be sent to a peer in turn, each with what is asked when it has been answered."""
        asked = (self.request, self.then) if self.then else (self.request,)
        return [[each.body(number * STRIDE % SESSIONS, peer) for each in asked] for number in range(REQUESTS)]

    def compared(self, peer: str) -> list[str]:
        """Requests to be answered alike. What makes a session comes twice: it is taken once, and refused once."""
        numbered = enumerate(self.bodies(peer)[:CHECKED])
        bodies = [body.replace(NEW, f"{self.name} {number}") for number, both in numbered for body in both]
        return [*bodies, *(bodies if self.writes else ()), *(each.body(0, peer) for each in self.refused)]


def moment(number: int) -> str:
    """When a session was created; those created before it are a page from anywhere in the table."""
    return format_time(created(number))


def day(number: int) -> dict[str, str]:
    """The 24 hours from the creation of a session."""
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
