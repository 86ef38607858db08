"""What is written: a session of three lines, and the closing of one."""

from typing import Any

from cases import NEW, Case, Request

CUSTOMERS = 1_000  # half of them are unknown when the first session comes
WRITTEN = "fragment Written on CustomerSession { integrationId profileId state version total firstSession }"


def content(number: int) -> dict[str, Any]:
    """A cart of three lines. No two of a thousand are the same."""
    lines = [
        {"sku": f"sku-{number % 97}-{place}", "name": f"Thing {place}", "quantity": place + 1, "price": price}
        for place, price in enumerate((f"{number % 1_000}.95", "4.10", "0.99"))
    ]
    return {"profileId": f"customer-{number % CUSTOMERS}", "cartItems": lines}


def creation(**changed: Any) -> Request:
    """A new session, with something else in place of what stands in ``content``."""
    return Request(
        operation="Create",
        query="""mutation Create($input: CreateSessionInput!) {
            createSession(input: $input) {
                session { ...Written cartItems { position sku name quantity price total } }
                errors { __typename path }
            }
        }"""
        + WRITTEN,
        variables=lambda number: {"input": {"integrationId": NEW, **content(number), **changed}},
    )


def closing(**named: Any) -> Request:
    """The closing of a session."""
    return Request(
        operation="Close",
        query="""mutation Close($input: CloseSessionInput!) {
            closeSession(input: $input) { session { ...Written } errors { __typename path } }
        }"""
        + WRITTEN,
        variables=lambda number: {"input": {"integrationId": NEW, **named}},
    )


WRITES = (
    Case(
        name="Create a session with 3 lines",
        request=creation(),
        refused=(
            creation(integrationId=""),
            creation(profileId="x" * 1_001),
            creation(cartItems=[{"sku": "", "quantity": 0, "price": "-1"}]),
            creation(cartItems=[{"sku": "sku", "quantity": 6_000, "price": "1"}] * 2),
        ),
    ),
    Case(
        name="Create a session, then close it",
        request=creation(),
        then=closing(expectedVersion=1),
        refused=(
            closing(integrationId="session-1"),
            closing(integrationId="session-0", expectedVersion=9),
            closing(integrationId="nobody's"),
        ),
    ),
)
