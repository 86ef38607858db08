"""Refusals as data: a type for each, its code, and the one mapping from the domain's refusals."""

import re
from collections.abc import Callable
from dataclasses import fields
from decimal import Decimal
from enum import Enum
from typing import Annotated, TypeVar

import strawberry
from sqlalchemy import Integer, Text

from db.domain import decimals, errors
from db.domain.attribute_definition import AttributeEntity, AttributeType
from db.domain.lifecycle import SessionState
from db.domain.promotions import code_outcome
from db.domain.promotions.limit import LimitSubject
from db.domain.promotions.record import code_record
from db.engine import json
from graphql_api.execution.context import Info
from graphql_api.execution.run import read_field
from graphql_api.sql.fields import FromJson, reads
from graphql_api.sql.request import Request
from graphql_api.types.campaign import Campaign
from graphql_api.types.customer_session import CustomerSession
from graphql_api.types.evaluation import CodeOutcome
from graphql_api.types.written import APPLICATION_ID, WRITTEN_CAMPAIGN, WRITTEN_SESSION

T = TypeVar("T", bound=type)

MAX_ERRORS = 100  # of one mutation: each of a cart's 1,000 lines can break several rules
TYPES: dict[str, type["UserError"]] = {}  # by name, which is also that of the domain's refusal
DESCRIPTIONS: dict[str, str] = {}  # by code


def refusal(description: str) -> Callable[[T], T]:
    """Make a class the type of a refusal. Its code is its name in upper case: SESSION_NOT_FOUND."""

    def declare(class_: T) -> T:
        type_ = strawberry.type(class_, description=description)
        TYPES[type_.__name__] = type_
        DESCRIPTIONS[code_of(type_.__name__)] = description
        return type_

    return declare


def coupon_document(request: Request) -> str:
    """Return the outcome of the coupon of a refusal as JSON."""
    return json.dumps(code_record(request.source.found))


def code_of(name: str) -> str:
    """Return the code of a type of refusal."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).upper()


@strawberry.interface(
    description="Why a mutation was refused, in a form that a client can act on. A refused mutation changes nothing."
)
class UserError:
    code: Enum = strawberry.field(
        description="The kind of refusal. Each code belongs to one type that implements this interface.",
        graphql_type=Annotated["UserErrorCode", strawberry.lazy(__name__)],
    )
    message: str = strawberry.field(description="One sentence for a person, in English.")
    path: list[str] = strawberry.field(
        description='The path of the bad value in the input, such as ["cartItems", "2", "price"]. Indexes count from'
        " 0. Empty if the refusal is not about one value."
    )


@strawberry.type
class AboutSession(UserError):
    """A refusal that shows the session which caused it."""

    application_id: strawberry.Private[int]
    session_id: strawberry.Private[int]

    @strawberry.field(description="The session as it is now.", metadata=WRITTEN_SESSION)
    async def session(self, info: Info) -> CustomerSession:
        """Read by its key."""
        return await read_field(info, self)


@refusal("Returned when a value breaks a rule of its field, such as a limit of its length.")
class InvalidInput(UserError):
    pass


@refusal("Returned when the application has no session with the integration ID.")
class SessionNotFound(UserError):
    integration_id: str = strawberry.field(description="The integration ID in the input.")


@refusal("Returned when a session is created and the application has one with the same integration ID.")
class SessionAlreadyExists(AboutSession):
    pass


@refusal("Returned when the session's state does not permit to close it, to cancel it or to return its items.")
class InvalidTransition(UserError):
    from_: SessionState = strawberry.field(description="The state of the session.", name="from")
    to: SessionState = strawberry.field(description="The state that the mutation leads to.")
    next_states: list[SessionState] = strawberry.field(
        description="The states that the session can go to; empty if it cannot change any more."
    )


@refusal("Returned when a session is updated whose state is not OPEN.")
class SessionNotEditable(UserError):
    state: SessionState = strawberry.field(description="The state of the session.")


@refusal("Returned when the session has another version than expectedVersion.")
class VersionConflict(AboutSession):
    expected_version: int = strawberry.field(description="The expectedVersion of the input.")
    actual_version: int = strawberry.field(description="The version of the session.")


@refusal("Returned when the campaign has another revision than expectedRevision.")
class RevisionConflict(UserError):
    expected_revision: int = strawberry.field(description="The expectedRevision of the input.")
    actual_revision: int = strawberry.field(description="The revision of the campaign.")


@refusal("Returned when the session has another total than expectedTotal.")
class TotalChanged(AboutSession):
    expected_total: Decimal = strawberry.field(description="The expectedTotal of the input.")
    actual_total: Decimal = strawberry.field(description="The total of the session, before discounts.")


@refusal("Returned when the session has another net total than expectedNetTotal.")
class NetTotalChanged(AboutSession):
    expected_net_total: Decimal = strawberry.field(description="The expectedNetTotal of the input.")
    actual_net_total: Decimal = strawberry.field(description="The net total of the session: what the shopper pays.")


@refusal(
    "Returned when a discount that the session shows can no longer be given in full, since a limit of its campaign or"
    " of its code has too little left. The session is as it was; to close it at the new price, send actualNetTotal as"
    " expectedNetTotal."
)
class LimitReached(AboutSession):
    campaign_id: strawberry.Private[int]
    per: LimitSubject | None = strawberry.field(
        description="The kind of subject that the limit counts for; null for the usage limit of a code."
    )
    subject: str | None = strawberry.field(
        description="The profile ID or identifier that the limit counts for; null if it is for the whole campaign."
    )
    used: Decimal = strawberry.field(
        description="The number of uses, or the amount, that counts against the limit already."
    )
    max: Decimal = strawberry.field(
        description="The highest number of uses, or the greatest amount, that the limit permits."
    )
    actual_net_total: Decimal = strawberry.field(
        description="The net total that the session would have if it were closed now."
    )

    @strawberry.field(
        description="The campaign whose discount can no longer be given in full.", metadata=WRITTEN_CAMPAIGN
    )
    async def campaign(self, info: Info) -> Campaign | None:
        """Read by its key."""
        return await read_field(info, self)


@refusal("Returned when a close requires the session's coupon, and the coupon is not accepted.")
class CouponNotAccepted(UserError):
    application_id: strawberry.Private[int]
    found: strawberry.Private[code_outcome.CodeOutcome | None]

    @strawberry.field(
        description="The outcome of the coupon; null if the session has none.",
        metadata=reads(
            FromJson(
                lambda scope: scope.bind(coupon_document, Text()),
                application=lambda scope: scope.bind(APPLICATION_ID, Integer()),
            )
        ),
    )
    async def outcome(self, info: Info) -> CodeOutcome | None:
        """Read from the refusal."""
        return None if self.found is None else await read_field(info, self)


@refusal("Returned when the cart has no line with the id, position or SKU, or several lines with the SKU.")
class CartLineNotFound(UserError):
    pass


@refusal("Returned when more units are returned than are left of a cart line.")
class ReturnExceedsRemaining(UserError):
    position: int = strawberry.field(description="The index of the line in the cart, from 0.")
    requested: int = strawberry.field(description="The number of units that the input returns.")
    remaining: int = strawberry.field(description="The number of units that have not been returned yet.")


@refusal("Returned when the discounts sum to more than the total of the cart.")
class DiscountExceedsTotal(UserError):
    discount_total: Decimal = strawberry.field(description="The sum of the discounts.")
    total: Decimal = strawberry.field(description="The total of the cart, before discounts.")


@refusal("Returned when an attribute is set that is not defined, and the application refuses those.")
class UnknownAttribute(UserError):
    name: str = strawberry.field(description="The name of the attribute in the input.")
    entity: AttributeEntity = strawberry.field(description="The kind of entity on which it was set.")


@refusal("Returned when a value does not fit its attribute's definition, or cannot change any more.")
class InvalidAttributeValue(UserError):
    name: str = strawberry.field(description="The name of the attribute.")
    entity: AttributeEntity = strawberry.field(description="The kind of entity on which it was set.")
    type: AttributeType = strawberry.field(description="The type of values that is defined for the attribute.")
    allowed_values: list[str] | None = strawberry.field(
        description="The only values that are allowed; null if all values of the type are."
    )


@refusal("Returned when an idempotency key was used with another input within the last 24 hours.")
class IdempotencyKeyReused(UserError):
    pass


@refusal(
    "Returned when an application, an attribute definition, a key, a webhook, a campaign, a code or a batch does not"
    " exist."
)
class NotFound(UserError):
    pass


@refusal("Returned when an attribute definition, a code or a campaign with this name exists already.")
class AlreadyExists(UserError):
    pass


UserErrorCode = strawberry.enum(
    Enum(  # type: ignore[call-overload]  # mypy takes what the functional API returns for a member
        "UserErrorCode",
        {code: strawberry.enum_value(code, description=description) for code, description in DESCRIPTIONS.items()},
    ),
    description="The kind of a refusal.",
)


def user_errors(refused: errors.Refused) -> list[UserError]:
    """Return the refusals of one change, at most MAX_ERRORS."""
    return [user_error(each) for each in refused.refusals[:MAX_ERRORS]]


def user_error(refusal: errors.Refusal) -> UserError:
    """Return a refusal as the schema has it. Facts have the same names in both; amounts get their minor digits."""
    name = type(refusal).__name__
    type_ = TYPES[name]
    wanted = {field.name for field in fields(type_)}
    facts = {field.name: getattr(refusal, field.name) for field in fields(refusal) if field.name in wanted}
    minor_digits, digits = getattr(refusal, "minor_digits", 0), getattr(refusal, "digits", {})
    for fact, value in facts.items():
        if isinstance(value, Decimal):
            facts[fact] = Decimal(decimals.format_decimal(value, digits.get(fact, minor_digits)))
        elif isinstance(value, tuple):
            facts[fact] = list(value)
    return type_(code=UserErrorCode[code_of(name)], message=refusal.message, **facts)
