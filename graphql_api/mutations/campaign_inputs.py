"""The inputs of a campaign's rules and limits, and their conversion to the content that is stored."""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import Any

import strawberry
from strawberry.utils.str_converters import to_camel_case

from db.domain.promotions.limit import LimitMeasure, LimitPeriod, LimitSubject, WhenShort
from db.domain.times import format_time
from graphql_api.mutations.condition_inputs import LineFilterInput, SessionConditionInput, alternative


@strawberry.input(description="A percentage off the net price of the matching lines.")
class PercentOffInput:
    percent: Decimal = strawberry.field(
        description="The percentage, above 0 and at most 100, with at most two decimal places."
    )


@strawberry.input(description="An amount off the matching lines together, spread over them in proportion to their net.")
class AmountOffInput:
    amount: Decimal = strawberry.field(description="The amount, above 0, in whole minor units of the currency.")


@strawberry.input(description="An amount off each unit of the matching lines, at most what the unit costs.")
class AmountOffEachInput:
    amount: Decimal = strawberry.field(
        description="The amount for each unit, above 0, in whole minor units of the currency."
    )


@strawberry.input(description="A price for each unit of the matching lines. Units that cost less stay as they are.")
class FixedPriceInput:
    price: Decimal = strawberry.field(
        description="The price of one unit, 0 or more, in whole minor units of the currency."
    )


@strawberry.input(
    description="Units that are free or cheaper if other units are bought. The units with the lowest prices are"
    " reduced. Each unit counts once: as bought or as reduced."
)
class BuyGetInput:
    buy: int = strawberry.field(description="The number of units to buy in each set, 1 or more.")
    get: int = strawberry.field(description="The number of reduced units in each set, 1 or more.")
    get_lines: LineFilterInput | None = strawberry.field(
        description="The lines with the reduced units. Null or left out: the lines of the rule.", default=None
    )
    percent_off: Decimal = strawberry.field(
        description="The percentage off the reduced units, above 0 and at most 100; 100 makes them free.",
        default=Decimal(100),
    )
    times: int | None = strawberry.field(
        description="The highest number of sets, 1 or more. Null or left out: no limit.", default=None
    )


@strawberry.input(description="A product that the shop may add to the cart. It takes nothing off.")
class OfferInput:
    sku: str = strawberry.field(description="The SKU of the product.")
    quantity: int = strawberry.field(description="The number of units, 1 or more.", default=1)


@strawberry.input(description="A text to show to the shopper. It takes nothing off.")
class MessageInput:
    text: str = strawberry.field(description="The text, 1 to 1000 characters.")


@strawberry.input(description="The reward of a rule; set exactly one field.", one_of=True)
class RewardInput:
    percent_off: PercentOffInput | None = alternative("A percentage off the lines.")
    amount_off: AmountOffInput | None = alternative("An amount off the lines together.")
    amount_off_each: AmountOffEachInput | None = alternative("An amount off each unit.")
    fixed_price: FixedPriceInput | None = alternative("A price for each unit.")
    buy_get: BuyGetInput | None = alternative("Units that are free or cheaper with others.")
    offer: OfferInput | None = alternative("A product that the shop may add.")
    message: MessageInput | None = alternative("A text to show.")


@strawberry.input(description="A rule of a campaign: a condition, a filter of lines, and a reward.")
class PromotionRuleInput:
    label: str = strawberry.field(
        description="The label of the discount, 1 to 100 characters; unique among the rules of all ACTIVE and PAUSED"
        " campaigns."
    )
    when: SessionConditionInput | None = strawberry.field(
        description="The condition that the session has to meet. Null or left out: none.", default=None
    )
    lines: LineFilterInput | None = strawberry.field(
        description="The lines that the reward applies to. Null or left out: all lines.", default=None
    )
    reward: RewardInput = strawberry.field(description="The reward for a session that meets the condition.")
    max_amount: Decimal | None = strawberry.field(
        description="The highest discount of the rule, above 0, in whole minor units. Null or left out: no limit.",
        default=None,
    )


@strawberry.input(
    description="A limit of a campaign. A campaign can have one limit for each combination of measure, per and period;"
    " what was counted stays when the limit is changed, or removed and added again."
)
class CampaignLimitInput:
    measure: LimitMeasure = strawberry.field(description="The quantity that the limit bounds.")
    per: LimitSubject = strawberry.field(description="The subject that the limit counts for.")
    period: LimitPeriod = strawberry.field(
        description="The period after which it counts anew.", default=LimitPeriod.EVER
    )
    max: Decimal = strawberry.field(
        description="The highest number of uses, or the highest sum of discounts in whole minor units; 0 or more."
    )
    when_short: WhenShort = strawberry.field(
        description="The effect of a limit with too little left. CUT is for limits of DISCOUNT.", default=WhenShort.SKIP
    )


# The fields of an input that are no part of a campaign's content.
BESIDE_CONTENT = frozenset({"applicationId", "id", "state", "expectedRevision", "idempotencyKey"})


def content_of(input_: Any) -> dict[str, Any]:
    """Return the content of a campaign in an input. A field that is null is None, since it can clear."""
    return {name: to_json(value) for name, value in given_fields(input_) if name not in BESIDE_CONTENT}


def to_json(value: Any) -> Any:
    """Convert a value to JSON: amounts are texts, and of an input only the fields that are set remain."""
    match value:
        case Decimal():
            return f"{value:f}"
        case datetime():
            return format_time(value)
        case Enum():
            return value.name
        case list():
            return [to_json(each) for each in value]
        case None | str() | bool() | int() | float():
            return value
        case dict():  # a range
            return {name: to_json(each) for name, each in value.items() if each is not None}
    return {name: to_json(each) for name, each in given_fields(value) if each is not None}


def given_fields(input_: Any) -> Iterator[tuple[str, Any]]:
    """Yield the fields of an input that are not left out, with their names in the schema."""
    for field in input_.__strawberry_definition__.fields:
        if (value := getattr(input_, field.python_name)) is not strawberry.UNSET:
            yield field.graphql_name or to_camel_case(field.python_name), value
