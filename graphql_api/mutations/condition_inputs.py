"""The inputs of conditions: a condition on a session, a filter of cart lines, and the ranges and tests in them."""

from typing import Annotated, Any, Optional

import strawberry

from db.domain.promotions.hours import Weekday
from graphql_api.types.enums import described
from graphql_api.types.list_inputs import DateTimeRange, DecimalRange

described(
    Weekday,
    "A day of the week, by the calendar in the application's time zone.",
    MONDAY="Monday.",
    TUESDAY="Tuesday.",
    WEDNESDAY="Wednesday.",
    THURSDAY="Thursday.",
    FRIDAY="Friday.",
    SATURDAY="Saturday.",
    SUNDAY="Sunday.",
)


def condition(description: str, name: str | None = None) -> Any:
    """Declare a field of a condition, which is not tested if it is null or left out."""
    return strawberry.field(description=description, default=None, name=name)


def alternative(description: str) -> Any:
    """Declare a field of an input of which exactly one field is set."""
    return strawberry.field(description=description, default=strawberry.UNSET)


@strawberry.input(description="A range of whole numbers, both ends included. An end that is null or left out is open.")
class IntRange:
    min: int | None = condition("The lowest number in the range.")
    max: int | None = condition("The highest number in the range.")


@strawberry.input(description="A range of numbers, both ends included. An end that is null or left out is open.")
class NumberRange:
    min: float | None = condition("The lowest number in the range.")
    max: float | None = condition("The highest number in the range.")


@strawberry.input(
    description="A span of hours by local time in the application's time zone: it includes from and excludes to. If to"
    " is not after from, the span runs past midnight and belongs to the day on which it began."
)
class LocalHoursInput:
    days: list[Weekday] | None = condition("The days on which the span begins. Null or left out: every day.")
    from_: str | None = condition("The first minute, such as 09:30. Null or left out: 00:00.", name="from")
    to: str | None = condition("The first minute after the span. Null or left out: midnight at the end of the day.")


@strawberry.input(
    description="A test of an attribute; set exactly one field. A list passes if any of its values does. An attribute"
    " that is not set passes isSet: false only.",
    one_of=True,
)
class AttributeTestInput:
    values: list[str] | None = alternative(
        'The value is one of these, written as texts: "web", "1.5", "true" or an RFC 3339 time.'
    )
    number: NumberRange | None = alternative("The value is a number in this range.")
    time: DateTimeRange | None = alternative("The value is a time in this range.")
    is_true: bool | None = alternative("true: the value is true. false: the value is false.")
    is_set: bool | None = alternative("true: the attribute has a value. false: it has none.")


@strawberry.input(description="A condition on one attribute.")
class AttributeConditionInput:
    name: str = strawberry.field(description="The name of an attribute that is defined for the kind of entity.")
    test: AttributeTestInput = strawberry.field(description="The test of its value.")


@strawberry.input(
    description="Conditions on the customer, as they were before this session. A session without a profile never meets"
    " them."
)
class ProfileConditionInput:
    closed_sessions: IntRange | None = condition(
        "The number of the customer's sales. {max: 0} is for customers who have not bought before."
    )
    total_sales: DecimalRange | None = condition("The sum of the totals of the customer's sales.")
    attributes: list[AttributeConditionInput] | None = condition(
        "Conditions on attributes of CUSTOMER_PROFILE, all of which have to hold."
    )


@strawberry.input(description="A filter of cart lines. A line has to meet all conditions that are given.")
class LineFilterInput:
    skus: list[str] | None = condition("The SKU is one of these.")
    sku_prefix: str | None = condition("The SKU begins with this text. Upper and lower case are different.")
    categories: list[str] | None = condition("The category is one of these.")
    products: list[str] | None = condition("The name of the product is one of these.")
    price: DecimalRange | None = condition("The price of one unit, before discounts, is in this range.")
    attributes: list[AttributeConditionInput] | None = condition(
        "Conditions on attributes of CART_ITEM, all of which have to hold."
    )
    not_: Optional["LineFilterInput"] = condition("The line does not match this filter.", name="not")


@strawberry.input(
    description="A condition on the cart. Without units and amount, one line has to match; otherwise the matching lines"
    " together have to be in the ranges."
)
class CartConditionInput:
    lines: LineFilterInput | None = condition("The lines that count. Null or left out: all lines.")
    units: IntRange | None = condition("The number of units of the matching lines.")
    amount: DecimalRange | None = condition("The price times the quantity of the matching lines, before discounts.")


@strawberry.input(
    description="A condition on a session. All fields that are set have to hold. Conditions can be nested at most 5"
    " deep, and one of them can have at most 200 tests."
)
class SessionConditionInput:
    total: DecimalRange | None = condition("The total of the cart, before discounts, is in this range.")
    net: DecimalRange | None = condition(
        "The total less the discounts that were given before this rule is in this range."
    )
    cart: list[CartConditionInput] | None = condition("Conditions on the cart, all of which have to hold.")
    profile_ids: list[str] | None = condition("The profileId of the session is one of these.")
    first_session: bool | None = condition(
        "true: the session is the customer's first. false: it is not. An anonymous session counts as a first one; for"
        " customers who have not bought before, use profile."
    )
    profile: ProfileConditionInput | None = condition("Conditions on the customer.")
    attributes: list[AttributeConditionInput] | None = condition(
        "Conditions on attributes of CUSTOMER_SESSION, all of which have to hold."
    )
    identifiers: list[str] | None = condition("The session has one of these identifiers.")
    hours: list[LocalHoursInput] | None = condition("The time of the evaluation is in one of these spans.")
    any_of: list[Annotated["SessionConditionInput", strawberry.lazy(__name__)]] | None = condition(
        "One of these conditions holds."
    )
    not_: Optional["SessionConditionInput"] = condition("This condition does not hold.", name="not")
