"""The enums: those of the domain, with their descriptions."""

from enum import Enum
from typing import TypeVar

import strawberry

from db.domain.attribute_definition import AttributeEntity, AttributeType, UnknownAttributes
from db.domain.lifecycle import SessionState
from db.domain.money import RoundingMode
from db.tables import KeyRole
from graphql_api.security.permissions import TokenRights

E = TypeVar("E", bound=type[Enum])


def described(enum: E, description: str, **values: str) -> E:
    """Make an enum of the domain one of the schema; every value needs a description."""
    made = strawberry.enum(enum, description=description)
    for value in made.__strawberry_definition__.values:  # type: ignore[attr-defined]  # put there by strawberry.enum
        value.description = values[value.name]
    return made


@strawberry.enum(description="The state a session is created in.")
class NewSessionState(Enum):
    """The initial states of the life cycle."""

    OPEN = strawberry.enum_value("open", description="The shopper is still filling the cart.")
    CLOSED = strawberry.enum_value("closed", description="The purchase has been made already.")


described(
    SessionState,
    "Where a session stands in its life. It starts OPEN or CLOSED, and there is no way back to OPEN.",
    OPEN="The cart can change.",
    CLOSED="The purchase has been made; the cart is fixed, and items can be returned.",
    PARTIALLY_RETURNED="Items have come back; more can be returned. It stays so when all have.",
    CANCELLED="The purchase is off. Nothing leads out of this state.",
)
described(
    AttributeEntity,
    "What an attribute is defined for.",
    CUSTOMER_SESSION="Sessions.",
    CART_ITEM="Lines of a cart.",
    CUSTOMER_PROFILE="Profiles.",
)
described(
    AttributeType,
    "The type of an attribute's value.",
    STRING="A string.",
    NUMBER="A number between -2^53 and 2^53.",
    BOOLEAN="True or false.",
    TIME="An RFC 3339 time with an offset.",
    LOCATION='An object {"latitude": -90 to 90, "longitude": -180 to 180}.',
    STRING_LIST="A list of strings.",
    NUMBER_LIST="A list of numbers.",
    TIME_LIST="A list of times.",
    LOCATION_LIST="A list of locations.",
)
described(
    UnknownAttributes,
    "What becomes of an attribute whose name is not defined.",
    REJECT="The whole change is refused with UnknownAttribute.",
    IGNORE="The attribute is dropped; the rest of the change is made.",
)
described(
    RoundingMode,
    "How a fraction of a minor unit is rounded when a return gives back part of a discounted line.",
    HALF_UP="To the nearest; a half goes up.",
    HALF_EVEN="To the nearest; a half goes to the even neighbour.",
    DOWN="Down, towards 0.",
)
described(
    KeyRole,
    "What a key may do. A session token counts as a READER of its session.",
    READER="Reads one application.",
    WRITER="Reads one application and changes its sessions, profiles and attribute definitions.",
    ADMIN="Everything, in every application.",
)
described(
    TokenRights,
    "What the holder of a session token may do with the one session that it opens.",
    READ="Reads it.",
    WRITE_CART="Reads it, and sets cartItems, coupon and referral while it is OPEN. Prices come with the lines, so the"
    " holder says them, too: before it takes money, the shop holds them against its own, and closes the session with"
    " the total that it found.",
)
