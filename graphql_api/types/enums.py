"""GraphQL enums of the domain's enums, with their descriptions."""

from enum import Enum
from typing import TypeVar

import strawberry

from db.domain.attribute_definition import AttributeEntity, AttributeType, UnknownAttributes
from db.domain.events import EventType
from db.domain.lifecycle import SessionState
from db.domain.money import RoundingMode
from db.domain.webhook import WebhookState
from db.tables import KeyRole
from graphql_api.security.viewer import TokenRights

E = TypeVar("E", bound=type[Enum])


def described(enum: E, description: str, *, name: str | None = None, **values: str) -> E:
    """Make an enum of the domain a GraphQL enum, with a description for each of its values."""
    made = strawberry.enum(enum, name=name, description=description)
    for value in made.__strawberry_definition__.values:  # type: ignore[attr-defined]  # put there by strawberry.enum
        value.description = values[value.name]
    return made


@strawberry.enum(description="The state in which a session is created.")
class NewSessionState(Enum):
    OPEN = strawberry.enum_value(
        "open", description="The shopper fills the cart. The session can be updated, closed or cancelled."
    )
    CLOSED = strawberry.enum_value("closed", description="The purchase has been made, for example in a store.")


described(
    SessionState,
    "The state of a session. It starts OPEN or CLOSED, and never returns to OPEN.",
    OPEN="The shopper fills the cart. The session can be updated, closed or cancelled.",
    CLOSED="The purchase has been made. The cart is fixed; items can be returned, or the session cancelled.",
    PARTIALLY_RETURNED="Items have been returned, perhaps all. More can be returned while there are any, or the session"
    " cancelled.",
    CANCELLED="The session has been cancelled. It cannot change any more.",
)
described(
    EventType,
    "The type of a session's event.",
    name="SessionEventType",
    CREATED="SessionCreated: the session was created.",
    UPDATED="SessionUpdated: the content of an open session was changed.",
    CLOSED="SessionClosed: the purchase was made.",
    ITEMS_RETURNED="ItemsReturned: items were returned.",
    CANCELLED="SessionCancelled: the session was cancelled.",
)
described(
    WebhookState,
    "Whether a webhook sends events.",
    ACTIVE="Events are sent as they happen.",
    PAUSED="No events are sent until the state is set to ACTIVE. A client, or a receiver that answered 410, has paused"
    " the webhook.",
    FAILING="No events are sent until the state is set to ACTIVE: the attempts to send an event have failed for three"
    " days. Only the server sets this state.",
)
described(
    AttributeEntity,
    "A kind of entity that can have attributes.",
    CUSTOMER_SESSION="Customer sessions.",
    CART_ITEM="Lines of a cart.",
    CUSTOMER_PROFILE="Profiles of customers.",
)
described(
    AttributeType,
    "The type of an attribute's value.",
    STRING="A string.",
    NUMBER="A JSON number between -2^53 and 2^53.",
    BOOLEAN="True or false.",
    TIME='A time in RFC 3339 with an offset, such as "2026-03-01T10:00:00Z".',
    LOCATION='An object such as {"latitude": 52.5, "longitude": 13.4}, in degrees: latitude -90 to 90, longitude'
    " -180 to 180.",
    STRING_LIST="A list of strings.",
    NUMBER_LIST="A list of numbers.",
    TIME_LIST="A list of times.",
    LOCATION_LIST="A list of locations.",
)
described(
    UnknownAttributes,
    "How a mutation treats the value of an attribute that is not defined.",
    REJECT="The mutation is refused with UnknownAttribute.",
    IGNORE="The value is dropped, and the rest of the mutation is carried out.",
)
described(
    RoundingMode,
    "How a fraction of a minor unit is rounded when some units of a discounted line are returned, and so a part of the"
    " line's discount share is computed.",
    HALF_UP="To the nearest minor unit; a half is rounded up.",
    HALF_EVEN="To the nearest minor unit; a half is rounded to the even one.",
    DOWN="Down, towards 0.",
)
described(
    KeyRole,
    "The permissions of a key. A session token has the role READER, for one session.",
    READER="Read the data of one application.",
    WRITER="Read the data of one application, and change its sessions, profiles and attribute definitions.",
    ADMIN="Read and change the data of all applications, and create applications and keys.",
)
described(
    TokenRights,
    "The permissions of a session token, for its one session.",
    READ="Read the session.",
    WRITE_CART="Read the session, and set its cartItems, coupon and referral while it is OPEN. The prices of the"
    " lines come from the holder of the token: before you take money, compare them with your own, and"
    " close the session with the expectedNetTotal that you computed.",
)
