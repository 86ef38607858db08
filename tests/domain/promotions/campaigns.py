"""Campaigns in the shape of their input, and the evaluation of a cart with them."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from decimal import Decimal
from typing import Any

from db.domain.attribute_definition import AttributeDefinition, AttributeEntity, AttributeType
from db.domain.attributes import AttributeRules
from db.domain.cart import CartLine
from db.domain.errors import Refusal, Refused
from db.domain.money import RoundingMode
from db.domain.promotions.campaign import Campaign, compile_campaign
from db.domain.promotions.campaign_result import CampaignResult
from db.domain.promotions.evaluation import Evaluation, evaluate
from db.domain.promotions.facts import EvaluationSettings, SessionFacts
from db.domain.promotions.limit import CounterKey

Input = Mapping[str, Any]

AT = datetime(2026, 3, 29, 12, tzinfo=UTC)
ATTRIBUTES = AttributeRules(
    definitions={
        (entity, name): AttributeDefinition(entity=entity, name=name, type=type_)
        for entity in AttributeEntity
        for name, type_ in (
            ("color", AttributeType.STRING),
            ("tags", AttributeType.STRING_LIST),
            ("size", AttributeType.NUMBER),
            ("sizes", AttributeType.NUMBER_LIST),
            ("gift", AttributeType.BOOLEAN),
            ("due", AttributeType.TIME),
            ("place", AttributeType.LOCATION),
        )
    }
)


def line(price: str, quantity: int = 1, category: str | None = None, **fields: Any) -> CartLine:
    """Return a line of a cart."""
    return CartLine(sku=fields.pop("sku", "A"), quantity=quantity, price=Decimal(price), category=category, **fields)


def rule(reward: Input, label: str = "rule", **fields: Any) -> Input:
    """Return a rule."""
    return {"label": label, "reward": reward, **fields}


def percent(percent: str) -> Input:
    """Return a reward of a percentage."""
    return {"percentOff": {"percent": percent}}


def off(amount: str) -> Input:
    """Return a reward of an amount."""
    return {"amountOff": {"amount": amount}}


def campaign(*rules: Input, **fields: Any) -> Input:
    """Return a campaign's content."""
    return {"name": "Campaign", "rules": list(rules), **fields}


def compiled(*contents: Input, digits: int = 2) -> list[Campaign]:
    """Compile campaigns, whose IDs count from 1."""
    return [
        compile_campaign(content, ATTRIBUTES, digits, campaign_id=number)
        for number, content in enumerate(contents, start=1)
    ]


def run(
    cart: Sequence[CartLine],
    *contents: Input,
    counters: Mapping[CounterKey, int] | None = None,
    at: datetime = AT,
    digits: int = 2,
    rounding: RoundingMode = RoundingMode.HALF_UP,
    zone: tzinfo = UTC,
    manual: Mapping[str, str] | None = None,
    **facts: Any,
) -> Evaluation:
    """Evaluate a cart with campaigns."""
    amounts = {label: Decimal(amount) for label, amount in (manual or {}).items()}
    session = SessionFacts(cart=cart, manual=amounts, **facts)
    settings = EvaluationSettings(minor_digits=digits, rounding=rounding, time_zone=zone)
    return evaluate(session, compiled(*contents, digits=digits), counters or {}, at, settings)


def amounts(evaluation: Evaluation) -> dict[str, str]:
    """Return the discounts' amounts by label."""
    return {discount.label: str(discount.amount) for discount in evaluation.discounts}


def shares(evaluation: Evaluation) -> list[str]:
    """Return the discount share of each line."""
    return [str(share) for share in evaluation.shares]


def outcomes(evaluation: Evaluation) -> list[str]:
    """Return the names of the outcomes, in the order of the evaluation."""
    return [result.outcome.name for result in evaluation.results]


def refusals(content: Input, digits: int = 2) -> Sequence[Refusal]:
    """Return the refusals of a campaign's content."""
    try:
        compiled(content, digits=digits)
    except Refused as refused:
        return refused.refusals
    return ()


def only(cart: Sequence[CartLine], *contents: Input, **facts: Any) -> CampaignResult:
    """Return the only result of an evaluation."""
    (result,) = run(cart, *contents, **facts).results
    return result


def explained(result: CampaignResult) -> tuple[str, str, str | None, str | None]:
    """Return the outcome, the path, and the needed and the actual value of a result."""
    return result.outcome.name, ", ".join(result.path), result.needed, result.actual
