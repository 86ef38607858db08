"""The cases that write: create a session, close it, and add a line to its cart."""

from typing import Any

from cases import NEW, Case, Request

CUSTOMERS = 1_000  # half of them do not exist before their first session
WRITTEN = "fragment Written on CustomerSession { integrationId profileId state version total firstSession }"


def content(number: int) -> dict[str, Any]:
    """Return a profile and a cart of three lines. Carts repeat after 1,000."""
    lines = [
        {"sku": f"sku-{number % 97}-{place}", "name": f"Thing {place}", "quantity": place + 1, "price": price}
        for place, price in enumerate((f"{number % 1_000}.95", "4.10", "0.99"))
    ]
    return {"profileId": f"customer-{number % CUSTOMERS}", "cartItems": lines}


def creation(**replaced: Any) -> Request:
    """Return a request to create a session; arguments replace fields of its content."""
    return Request(
        operation="Create",
        query="""mutation Create($input: CreateSessionInput!) {
            createSession(input: $input) {
                session { ...Written cartItems { position sku name quantity price total } }
                errors { __typename path }
            }
        }"""
        + WRITTEN,
        variables=lambda number: {"input": {"integrationId": NEW, **content(number), **replaced}},
    )


FIVE = [{"sku": f"sku-{place}", "name": f"Thing {place}", "quantity": 1, "price": "4.10"} for place in range(5)]


def adding(**replaced: Any) -> Request:
    """Return a request to add a line to a cart; arguments replace fields of its input."""
    item = {"sku": "one more", "name": "Thing", "quantity": 1, "price": "9.95"}
    return Request(
        operation="Add",
        query="""mutation Add($input: AddCartItemsInput!) {
            addCartItems(input: $input) {
                session { ...Written cartItems { position sku name quantity price total } }
                errors { __typename path }
            }
        }"""
        + WRITTEN,
        variables=lambda number: {"input": {"integrationId": NEW, "items": [item], **replaced}},
    )


def closing(**replaced: Any) -> Request:
    """Return a request to close a session; arguments replace fields of its input."""
    return Request(
        operation="Close",
        query="""mutation Close($input: CloseSessionInput!) {
            closeSession(input: $input) { session { ...Written } errors { __typename path } }
        }"""
        + WRITTEN,
        variables=lambda number: {"input": {"integrationId": NEW, **replaced}},
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
    Case(
        name="Create a session with 5 lines, then add a line",
        request=creation(cartItems=FIVE),
        then=adding(),
        refused=(
            adding(integrationId="nobody's"),
            adding(integrationId="session-1"),
            adding(items=[{"sku": "", "quantity": 0, "price": "-1"}]),
        ),
    ),
)
