"""Measure the CPU time of one evaluation: 100 active campaigns over a cart of 20 lines."""

import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from statistics import median
from time import process_time
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer

sys.path.insert(0, str(Path(__file__).parent.parent))  # run as a script, from a checkout

from db.domain.attributes import AttributeRules
from db.domain.cart import CartLine
from db.domain.money import RoundingMode
from db.domain.promotions.campaign import Campaign, compile_campaign
from db.domain.promotions.evaluation import evaluate
from db.domain.promotions.facts import EvaluationSettings, ProfileFacts, SessionFacts

AT = datetime(2026, 3, 29, 12, tzinfo=UTC)
CATEGORIES = ("hats", "shoes", "shirts", "jackets", "gifts")
SETTINGS = EvaluationSettings(minor_digits=2, rounding=RoundingMode.HALF_UP, time_zone=ZoneInfo("Europe/Lisbon"))


def rule(number: int) -> Mapping[str, Any]:
    """Return a rule. Nine kinds take turns; their conditions look at totals, the cart, hours and the profile."""
    lines = {"categories": [CATEGORIES[number % len(CATEGORIES)]]}
    fields: Sequence[Mapping[str, Any]] = (
        {"reward": {"percentOff": {"percent": "1"}}, "when": {"total": {"min": "50.00"}}},
        {"reward": {"amountOff": {"amount": "1.00"}}, "lines": lines},
        {"reward": {"amountOffEach": {"amount": "0.10"}}, "lines": lines},
        {"reward": {"fixedPrice": {"price": "5.00"}}, "lines": {**lines, "price": {"min": "5.00", "max": "6.00"}}},
        {"reward": {"buyGet": {"buy": 3, "get": 1, "percentOff": "5"}}, "lines": lines},
        {"reward": {"percentOff": {"percent": "2.5"}}, "when": {"cart": [{"lines": lines, "units": {"min": 2}}]}},
        {"reward": {"percentOff": {"percent": "50"}}, "when": {"total": {"min": "100000.00"}}},
        {"reward": {"message": {"text": "Welcome back"}}, "when": {"profile": {"closedSessions": {"min": 1}}}},
        {"reward": {"percentOff": {"percent": "1"}}, "when": {"hours": [{"days": ["SUNDAY"], "from": "09:00"}]}},
    )
    return {"label": f"rule {number}", **fields[number % len(fields)]}


def make_campaigns(count: int) -> list[Campaign]:
    """Compile campaigns of one rule and one limit each."""
    limits = [{"measure": "DISCOUNT", "per": "PROFILE", "period": "MONTH", "max": "1000.00"}]
    attributes = AttributeRules(definitions={})
    return [
        compile_campaign(
            {"name": f"Campaign {number}", "rules": [rule(number)], "limits": limits}, attributes, 2, campaign_id=number
        )
        for number in range(1, count + 1)
    ]


def make_session(lines: int) -> SessionFacts:
    """Return a session of a known customer."""
    cart = [
        CartLine(
            sku=f"SKU-{number}",
            quantity=1 + number % 3,
            price=Decimal(1999 + 137 * number) / 100,
            category=CATEGORIES[number % len(CATEGORIES)],
        )
        for number in range(lines)
    ]
    return SessionFacts(cart=cart, profile=ProfileFacts(id="customer", closed_sessions=3))


def main(
    campaigns: Annotated[int, typer.Option(min=1, help="Number of active campaigns.")] = 100,
    lines: Annotated[int, typer.Option(min=1, help="Number of lines of the cart.")] = 20,
    rounds: Annotated[int, typer.Option(min=1, help="How often the evaluation is measured.")] = 200,
) -> None:
    """Print the median and the fastest CPU time of one evaluation."""
    compiled, session = make_campaigns(campaigns), make_session(lines)
    seconds = []
    for _ in range(rounds):
        before = process_time()
        found = evaluate(session, compiled, {}, AT, SETTINGS)
        seconds.append(process_time() - before)
    typer.echo(
        f"{campaigns} campaigns x {lines} lines: {median(seconds) * 1000:.2f} ms of CPU time (median of {rounds}; "
        f"fastest {min(seconds) * 1000:.2f} ms), {len(found.discounts)} discounts"
    )


if __name__ == "__main__":
    typer.run(main)
