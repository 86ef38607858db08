"""The cost of an operation, as extensions.cost answers it."""

from collections.abc import Callable

import pytest
from api_server import Api

SWEEP = 20
LINES = "cartItems { sku }"


@pytest.mark.parametrize(
    ("document", "cost"),
    [
        ("{ __typename }", 0),
        ("{ viewer { keyName } }", 1),
        ('{ customerSession(integrationId: "s1") { id } }', 1),
        (f'{{ customerSession(integrationId: "s1") {{ {LINES} profile {{ id }} }} }}', 3),
        ("{ customerSessions(first: 7) { nodes { id } } }", 7),
        ("{ customerSessions(last: 7) { edges { cursor } } }", 7),
        ("{ customerSessions { nodes { id } } }", 20),
        ("{ customerSessions(first: 7) { nodes { events(first: 3) { nodes { id } } } } }", 7 + 7 * 3),
        ("{ customerSessions(first: 0) { nodes { events(first: 3) { nodes { id } } } } }", 0),
        ("{ customerSessions(first: 7) { pageInfo { endCursor } } }", 0),
        ("{ customerSessions(first: 7) { totalCount } }", SWEEP),
        ("{ customerSessions(first: 7, filter: {states: [OPEN]}) { nodes { id } } }", SWEEP + 7),
        ('{ customerProfile(integrationId: "ada") { closedSessions totalSales lastActivity } }', 1),
        ("{ customerSessions(first: 7) { nodes { id @skip(if: true) profile @skip(if: true) { id } version } } }", 7),
        ('mutation { createSession(input: {integrationId: "s1"}) { session { id } } }', SWEEP + 1),
    ],
)
def test_cost_of_operation(serve: Callable[..., Api], document: str, cost: int) -> None:
    answer = serve().query(document)
    assert "errors" not in answer
    assert answer["extensions"]["cost"]["requested"] == cost


def test_one_document_costs_by_its_variables(serve: Callable[..., Api]) -> None:
    api = serve()
    document = """query ($first: Int, $lines: Boolean!) {
      customerSessions(first: $first) { nodes { id cartItems @include(if: $lines) { sku } } }
    }"""

    def cost(**variables: object) -> int:
        found: int = api.query(document, variables)["extensions"]["cost"]["requested"]
        return found

    assert [cost(first=5, lines=True), cost(first=6, lines=False), cost(lines=True)] == [10, 6, 40]
