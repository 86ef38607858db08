"""What is asked. A case is one entry here; its requests differ in their variables alone, as an application's do."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from data import COUPONS, SESSIONS, created

from db.domain.entity import rfc_3339

REQUESTS = 1_000
STRIDE = 7_919  # prime to the number of sessions: neighbours in time are no neighbours in the table

CART = """fragment Cart on CustomerSession {
    integrationId
    profileId
    state
    total
    created
    firstSession
    cartItems { position sku name quantity price total }
}"""
ALIASES = range(1, 101)
INTEGRATION_IDS = ", ".join(f"$i{each}: String!" for each in ALIASES)
ALIASED = "\n".join(
    f"a{each}: customerSession(integrationId: $i{each}) {{ integrationId state total }}" for each in ALIASES
)


@dataclass(frozen=True)
class Case:
    """One operation, named as in ``query``, and its variables for each number of a session."""

    name: str
    operation: str
    query: str
    variables: Callable[[int], dict[str, Any]]

    def bodies(self) -> list[str]:
        """The requests, to be sent in turn."""
        request = {"query": self.query, "operationName": self.operation}
        numbers = (each * STRIDE % SESSIONS for each in range(REQUESTS))
        return [json.dumps({**request, "variables": self.variables(number)}) for number in numbers]


def moment(number: int) -> str:
    """When a session was created; those created before it are a page from anywhere in the table."""
    return rfc_3339(created(number))


def day(number: int) -> dict[str, str]:
    """The 24 hours from the creation of a session."""
    return {"from": moment(number), "to": rfc_3339(created(number) + timedelta(days=1))}


CASES = (
    Case(
        name="One session with 5 lines",
        operation="Session",
        query="""query Session($integrationId: String!) {
            customerSession(integrationId: $integrationId) { ...Cart }
        }"""
        + CART,
        variables=lambda number: {"integrationId": f"session-{number}"},
    ),
    Case(
        name="A page of 50 sessions with 5 lines each",
        operation="Page",
        query="""query Page($to: DateTime!) {
            customerSessions(first: 50, filter: {created: {to: $to}}) { nodes { ...Cart } }
        }"""
        + CART,
        variables=lambda number: {"to": moment(number)},
    ),
    Case(
        name="A page of 20 with customer, discounts, returns, events",
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
    Case(
        name="A filtered page of 20 with its total count",
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
    Case(
        name="The total count of a filter",
        operation="Counted",
        query="""query Counted($states: [SessionState!], $created: DateTimeRange) {
            customerSessions(filter: {states: $states, created: $created}) { totalCount }
        }""",
        variables=lambda number: {"states": ["CLOSED"], "created": day(number)},
    ),
    Case(
        name="100 aliases of one session each",
        operation="Aliases",
        query=f"query Aliases({INTEGRATION_IDS}) {{\n{ALIASED}\n}}",
        variables=lambda number: {f"i{each}": f"session-{(number + each * STRIDE) % SESSIONS}" for each in ALIASES},
    ),
)
