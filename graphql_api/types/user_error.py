"""Refusals as data: a type for each, and the one mapping from what the domain says."""

from collections.abc import Sequence
from dataclasses import fields
from decimal import Decimal
from enum import Enum
from typing import Any

import strawberry

from db.domain import decimals, errors
from db.domain.attribute_definition import AttributeEntity, AttributeType
from db.domain.lifecycle import SessionState
from graphql_api.execution.context import Info
from graphql_api.execution.read import read_field
from graphql_api.types.customer_session import CustomerSession
from graphql_api.types.written import WRITTEN_SESSION


def code(description: str) -> Any:
    """A value of UserErrorCode that is its own name."""
    return strawberry.enum_value(description, description=description)


@strawberry.enum(description="Why a change was refused.")
class UserErrorCode(Enum):
    """One code for each type of refusal."""

    INVALID_INPUT = code("A value breaks a rule of its field.")
    SESSION_NOT_FOUND = code("The application has no session with this integration ID.")
    SESSION_ALREADY_EXISTS = code("The application has a session with this integration ID already.")
    INVALID_TRANSITION = code("The life cycle has no such move.")
    SESSION_NOT_EDITABLE = code("The session is no longer open.")
    VERSION_CONFLICT = code("The session is at another version than expected.")
    TOTAL_CHANGED = code("The session has another total than expected.")
    CART_LINE_NOT_FOUND = code("The cart has no such line, or has the sku on several.")
    RETURN_EXCEEDS_REMAINING = code("The line has fewer units left to return.")
    DISCOUNT_EXCEEDS_TOTAL = code("The discounts sum to more than the cart.")
    UNKNOWN_ATTRIBUTE = code("No such attribute is defined.")
    INVALID_ATTRIBUTE_VALUE = code("The attribute's definition does not allow the value.")
    IDEMPOTENCY_KEY_REUSED = code("The idempotency key stands for another input.")
    NOT_FOUND = code("Anything other than a session is missing.")
    ALREADY_EXISTS = code("Anything other than a session exists already.")


@strawberry.interface(description="A refusal that a client can act on. Nothing was changed.")
class UserError:
    """What all refusals have."""

    code: UserErrorCode = strawberry.field(description="Which refusal it is; one for each type.")
    message: str = strawberry.field(description="One sentence for a person.")
    path: list[str] = strawberry.field(description='Leads into the input: ["cartItems", "2", "price"].')


@strawberry.type(description="Returned when a value breaks a rule of its field.")
class InvalidInput(UserError):
    """See db.domain.errors."""


@strawberry.type(description="Returned when the application has no session with this integration ID.")
class SessionNotFound(UserError):
    """See db.domain.errors."""

    integration_id: str = strawberry.field(description="The integration ID that was asked for.")


@strawberry.type(description="Returned when a session is created whose integration ID is taken.")
class SessionAlreadyExists(UserError):
    """See db.domain.errors."""

    application_id: strawberry.Private[int]
    session_id: strawberry.Private[int]

    @strawberry.field(description="The session that has it.", metadata=WRITTEN_SESSION)
    async def session(self, info: Info) -> CustomerSession:
        """Read by its key."""
        return await read_field(info, self)


@strawberry.type(description="Returned when the life cycle has no such move.")
class InvalidTransition(UserError):
    """See db.domain.errors."""

    from_: SessionState = strawberry.field(description="The state the session is in.", name="from")
    to: SessionState = strawberry.field(description="The state it was to go to.")
    next_states: list[SessionState] = strawberry.field(description="The states it can go to.")


@strawberry.type(description="Returned when a session is updated that is no longer open.")
class SessionNotEditable(UserError):
    """See db.domain.errors."""

    state: SessionState = strawberry.field(description="The state the session is in.")


@strawberry.type(description="Returned when the session is at another version than expectedVersion.")
class VersionConflict(UserError):
    """See db.domain.errors."""

    application_id: strawberry.Private[int]
    session_id: strawberry.Private[int]
    expected: int = strawberry.field(description="The version that was expected.")
    actual: int = strawberry.field(description="The version that was found.")

    @strawberry.field(description="The session as it is now.", metadata=WRITTEN_SESSION)
    async def session(self, info: Info) -> CustomerSession:
        """Read by its key."""
        return await read_field(info, self)


@strawberry.type(description="Returned when the session has another total than expectedTotal.")
class TotalChanged(UserError):
    """See db.domain.errors."""

    expected: Decimal = strawberry.field(description="The total that was expected.")
    actual: Decimal = strawberry.field(description="The total that was found.")


@strawberry.type(description="Returned when the cart has no such line, or has the sku on several.")
class CartLineNotFound(UserError):
    """See db.domain.errors."""


@strawberry.type(description="Returned when more units are to come back than the line has left.")
class ReturnExceedsRemaining(UserError):
    """See db.domain.errors."""

    position: int = strawberry.field(description="The line's index in the cart, from 0.")
    requested: int = strawberry.field(description="How many units were to come back.")
    remaining: int = strawberry.field(description="How many the line has left.")


@strawberry.type(description="Returned when the discounts sum to more than the cart.")
class DiscountExceedsTotal(UserError):
    """See db.domain.errors."""

    discount_total: Decimal = strawberry.field(description="What the discounts sum to.")
    total: Decimal = strawberry.field(description="What the cart sums to.")


@strawberry.type(description="Returned when no such attribute is defined, and the application rejects unknown names.")
class UnknownAttribute(UserError):
    """See db.domain.errors."""

    name: str = strawberry.field(description="The name that is not defined.")
    entity: AttributeEntity = strawberry.field(description="What it was set on.")


@strawberry.type(description="Returned when an attribute's definition does not allow the value.")
class InvalidAttributeValue(UserError):
    """See db.domain.errors."""

    name: str = strawberry.field(description="The attribute.")
    entity: AttributeEntity = strawberry.field(description="What it was set on.")
    type: AttributeType = strawberry.field(description="The type it is defined with.")
    allowed_values: list[str] | None = strawberry.field(description="The values it allows; null for all of the type.")


@strawberry.type(description="Returned when an idempotency key is used again with another input within 24 hours.")
class IdempotencyKeyReused(UserError):
    """See db.domain.errors."""


@strawberry.type(description="Returned when anything other than a session is missing.")
class NotFound(UserError):
    """See db.domain.errors."""


@strawberry.type(description="Returned when anything other than a session exists already.")
class AlreadyExists(UserError):
    """See db.domain.errors."""


MAX_ERRORS = 100

TYPES: Sequence[type[UserError]] = (
    InvalidInput,
    SessionNotFound,
    SessionAlreadyExists,
    InvalidTransition,
    SessionNotEditable,
    VersionConflict,
    TotalChanged,
    CartLineNotFound,
    ReturnExceedsRemaining,
    DiscountExceedsTotal,
    UnknownAttribute,
    InvalidAttributeValue,
    IdempotencyKeyReused,
    NotFound,
    AlreadyExists,
)

# By name: a refusal of the domain and its type here have the same one, and their codes stand in the same order.
MAPPING = {type_.__name__: (type_, code) for type_, code in zip(TYPES, UserErrorCode, strict=True)}


def user_errors(refused: errors.Refused) -> list[UserError]:
    """The refusals of one change; the first hundred, where a cart is wrong all through."""
    return [user_error(refusal) for refusal in refused.refusals[:MAX_ERRORS]]


def user_error(refusal: errors.Refusal) -> UserError:
    """A refusal as the schema says it. Facts have the same names on both sides; amounts get their minor digits."""
    type_, code = MAPPING[type(refusal).__name__]
    wanted = {field.name for field in fields(type_)}
    facts = {field.name: getattr(refusal, field.name) for field in fields(refusal) if field.name in wanted}
    for name, fact in facts.items():
        if isinstance(fact, Decimal):
            facts[name] = Decimal(decimals.format_decimal(fact, refusal.minor_digits))  # type: ignore[attr-defined]
        elif isinstance(fact, tuple):
            facts[name] = list(fact)
    return type_(code=code, message=refusal.message, **facts)
