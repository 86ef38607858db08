"""What is asked. A case is one entry here; its requests differ in their variables alone, as an application's do."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from data import SESSIONS

REQUESTS = 1_000
STRIDE = 7_919  # prime to the number of sessions: neighbours in time are no neighbours in the table

FIELDS = """{
    integrationId
    profileId
    state
    total
    created
    firstSession
    cartItems { position sku name quantity price total }
}"""


@dataclass(frozen=True)
class Case:
    """One operation, and its variables for each number."""

    name: str
    operation: str
    query: str
    variables: Callable[[int], dict[str, Any]]

    def bodies(self) -> list[str]:
        """The requests, to be sent in turn."""
        request = {"query": self.query, "operationName": self.operation}
        numbers = (each * STRIDE % SESSIONS for each in range(REQUESTS))
        return [json.dumps({**request, "variables": self.variables(number)}) for number in numbers]


def page(number: int) -> list[str]:
    """Fifty ids. The global id of session n of application 1 is session-1-n."""
    return [f"session-1-{(number + each * STRIDE) % SESSIONS + 1}" for each in range(50)]


CASES = (
    Case(
        name="one session with five lines",
        operation="Session",
        query="query Session($integrationId: String!) { customerSession(integrationId: $integrationId) " + FIELDS + "}",
        variables=lambda number: {"integrationId": f"session-{number}"},
    ),
    Case(
        name="fifty sessions with five lines each",
        operation="Sessions",
        query="query Sessions($ids: [ID!]!) { nodes(ids: $ids) { ... on CustomerSession " + FIELDS + "} }",
        variables=lambda number: {"ids": page(number)},
    ),
)
