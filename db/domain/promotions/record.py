"""The JSON of an evaluation, which is stored with a session or answered by a preview.

Both are read by the same SQL. Keys are the names of the fields in Python. Amounts are whole ten-thousandths, as in the
tables; shares are pairs of a position and an amount.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from db.domain import cart
from db.domain.cart import CartLine
from db.domain.money import PLACES, to_units
from db.domain.promotions.allocated_discount import AllocatedDiscount, LineShares
from db.domain.promotions.campaign_result import CampaignResult
from db.domain.promotions.code_outcome import CodeOutcome
from db.domain.promotions.evaluation import Evaluation, Information
from db.domain.promotions.reward import Message, Offer
from db.domain.times import format_time

Record = dict[str, Any]


def evaluation_record(evaluation: Evaluation, results: Iterable[CampaignResult]) -> Record:
    """Return an evaluation with some of its results: ``stored_results`` for a session, all for a preview."""
    return {
        "at": format_time(evaluation.at),
        "coupon": code_record(evaluation.coupon),
        "referral": code_record(evaluation.referral),
        "campaigns": [result_record(result) for result in results],
        "offers": [
            information_record(each, sku=each.content.sku, quantity=each.content.quantity)
            for each in evaluation.information
            if isinstance(each.content, Offer)
        ],
        "messages": [
            information_record(each, text=each.content.text)
            for each in evaluation.information
            if isinstance(each.content, Message)
        ],
    }


def code_record(outcome: CodeOutcome | None) -> Record | None:
    """Return the outcome of a code."""
    if outcome is None:
        return None
    return {
        "code": outcome.code,
        "status": outcome.status.value,
        "campaign_id": outcome.campaign_id,
        "message": outcome.message,
    }


def result_record(result: CampaignResult) -> Record:
    """Return the outcome of a rule or of a whole campaign."""
    return {
        "campaign_id": result.campaign_id,
        "revision": result.revision,
        "label": result.label,
        "outcome": result.outcome.value,
        "amount": to_units(result.amount, PLACES),
        "message": result.message,
        "path": list(result.path),
        "needed": result.needed,
        "actual": result.actual,
    }


def information_record(information: Information, **content: Any) -> Record:
    """Return an offer or a message."""
    return {"campaign_id": information.campaign_id, "label": information.label, **content}


def shares_record(shares: LineShares) -> list[tuple[int, int]]:
    """Return the shares of lines that are above 0, in the order of their positions."""
    step = 10 ** (PLACES - shares.minor_digits)
    return [(position, units * step) for position, units in shares.shares]


def from_record(shares: Iterable[Sequence[int]], minor_digits: int) -> tuple[tuple[int, int], ...]:
    """Return shares in minor units, from what ``shares_record`` returned."""
    step = 10 ** (PLACES - minor_digits)
    return tuple([(position, units // step) for position, units in shares])


def discount_record(discount: AllocatedDiscount) -> Record:
    """Return a discount of a preview. The keys are the columns of a stored discount."""
    return {
        "label": discount.label,
        "amount": to_units(discount.amount, PLACES),
        "source": discount.source.value,
        "campaign_id": discount.campaign_id,
        "revision": discount.revision,
        "shares": shares_record(discount),
    }


def preview_record(evaluation: Evaluation, lines: Sequence[CartLine]) -> Record:
    """Return a session that is not written, with all results of its evaluation."""
    total = cart.total(lines)
    return {
        "total": to_units(total, PLACES),
        "discount_total": to_units(evaluation.discount_total, PLACES),
        "net_total": to_units(total - evaluation.discount_total, PLACES),
        "discounts": [discount_record(discount) for discount in evaluation.discounts],
        "cart_items": [
            {
                "position": position,
                "sku": line.sku,
                "quantity": line.quantity,
                "price": to_units(line.price, PLACES),
                "total": to_units(line.total, PLACES),
                "discount_share": to_units(share, PLACES),
            }
            for position, (line, share) in enumerate(zip(lines, evaluation.shares, strict=True))
        ],
        "evaluation": evaluation_record(evaluation, evaluation.results),
    }
