"""The rules of campaigns, and their rewards."""

from decimal import Decimal
from typing import Annotated, Any, ClassVar

import strawberry
from sqlalchemy import ColumnElement, case, literal_column

from graphql_api.scalars import JSONObject
from graphql_api.sql.decimal_text import FormatDecimal, ParseDecimal
from graphql_api.sql.fields import Expression, column, from_json, value
from graphql_api.sql.json_scalars import JsonPlainString
from graphql_api.sql.scope import Scope
from graphql_api.sql.source import MemberSource
from graphql_api.types.amounts import minor_digits

EACH_UNIT = "The amount off each unit, above 0."


def decimal_of_input(name: str, places: Expression) -> Expression:
    """Return a decimal that is stored as it was given, as text, with at least so many places; null if there is none."""

    def expression(scope: Scope) -> ColumnElement[str]:
        text = scope.row[name]
        return JsonPlainString(case((text.is_not(None), FormatDecimal(ParseDecimal(text), places(scope)))))

    return expression


def amount(description: str, name: str = "amount") -> Any:
    """Declare a field that reads an amount of the input."""
    return value(description, decimal_of_input(name, minor_digits))


def percent(description: str, name: str = "percent") -> Any:
    """Declare a field that reads a percentage of the input."""
    return value(description, decimal_of_input(name, lambda scope: literal_column("0")))


@strawberry.type(description="A percentage off the matching lines.")
class PercentOff:
    source: ClassVar[MemberSource] = MemberSource("percentOff")

    percent: Decimal = percent("The percentage, above 0 and at most 100.")


@strawberry.type(description="An amount off the matching lines together.")
class AmountOff:
    source: ClassVar[MemberSource] = MemberSource("amountOff")

    amount: Decimal = amount("The amount, above 0.")


@strawberry.type(description="An amount off each unit of the matching lines.")
class AmountOffEach:
    source: ClassVar[MemberSource] = MemberSource("amountOffEach")

    amount: Decimal = amount(EACH_UNIT)


@strawberry.type(description="A price at which each unit of the matching lines is sold, if it costs more.")
class FixedPrice:
    source: ClassVar[MemberSource] = MemberSource("fixedPrice")

    price: Decimal = amount("The price of one unit, 0 or more.", "price")


@strawberry.type(
    description="Units that are free or cheaper if other units are bought. The units with the lowest prices are"
    " reduced."
)
class BuyGet:
    source: ClassVar[MemberSource] = MemberSource("buyGet")

    buy: int = column("The number of units to buy, on the rule's lines.")
    get: int = column("The number of units that are then free or cheaper.")
    get_lines: JSONObject | None = value(
        "The lines whose units are free or cheaper, in the shape of LineFilterInput; null for the rule's lines.",
        lambda scope: scope.row["getLines"],
    )
    percent_off: Decimal = percent("The percentage off these units: 100 if they are free.", "percentOff")
    times: int | None = column("How many times it can apply in one session; null for no limit.")


@strawberry.type(description="A product to offer to the shopper. It changes neither the cart nor its price.")
class OfferReward:
    source: ClassVar[MemberSource] = MemberSource("offer")

    sku: str = column("The stock keeping unit of the product.")
    quantity: int = column("The number of units.")


@strawberry.type(description="A text to show to the shopper.")
class MessageReward:
    source: ClassVar[MemberSource] = MemberSource("message")

    text: str = column("The text.")


Reward = Annotated[
    PercentOff | AmountOff | AmountOffEach | FixedPrice | BuyGet | OfferReward | MessageReward,
    strawberry.union(
        "Reward",
        description="The reward of a rule, for a session that meets its condition. OfferReward and MessageReward take"
        " nothing off the price.",
    ),
]


@strawberry.type(
    description="A rule of a campaign. when and lines have the shape of the inputs SessionConditionInput and"
    " LineFilterInput, so that they can be sent back as they are."
)
class PromotionRule:
    label: str = column(
        "The label of the discount that the rule gives, 1 to 100 characters; unique among the rules of all campaigns"
        " that are ACTIVE or PAUSED."
    )
    when: JSONObject | None = column("The condition that a session has to meet; null if all do.")
    lines: JSONObject | None = column("The lines that count and that are rewarded; null if all are.")
    reward: Reward = from_json("The reward of the rule.", lambda scope: scope.row["reward"])
    max_amount: Decimal | None = amount("The greatest amount that the rule takes off; null for no limit.", "maxAmount")
