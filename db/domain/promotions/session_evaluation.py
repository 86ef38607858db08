"""The evaluation of a whole session: its facts, and the session with the discounts of its campaigns."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from db.domain.promotions.allocated_discount import AllocatedDiscount, DiscountSource
from db.domain.promotions.code import Code
from db.domain.promotions.evaluation import Evaluation
from db.domain.promotions.facts import ProfileFacts, SessionFacts
from db.domain.promotions.manual_discounts import allocate_manual
from db.domain.promotions.record import evaluation_record
from db.domain.session import CustomerSession


def session_facts(
    session: CustomerSession, profile: ProfileFacts | None, coupon_code: Code | None, referral_code: Code | None
) -> SessionFacts:
    """Return the facts of a session. ``profile`` are those of its profile."""
    return SessionFacts(
        cart=session.cart,
        manual=session.discounts,
        profile=profile,
        first_session=session.first_session,
        identifiers=session.identifiers,
        attributes=session.attributes,
        coupon=session.coupon,
        referral=session.referral,
        coupon_code=coupon_code,
        referral_code=referral_code,
    )


def apply_evaluation(session: CustomerSession, evaluation: Evaluation) -> CustomerSession:
    """Return the session with the discounts of its campaigns, the shares of its lines, and the evaluation's record."""
    cart = tuple(
        [
            line if line.discount_share == share else line._replace(discount_share=share)
            for line, share in zip(session.cart, evaluation.shares, strict=True)
        ]
    )
    promotions = tuple([each for each in evaluation.discounts if each.source is DiscountSource.CAMPAIGN])
    record = evaluation_record(evaluation, evaluation.stored_results)
    return replace(session, cart=cart, promotions=promotions, evaluation=record)


def allocated_discounts(session: CustomerSession) -> Sequence[AllocatedDiscount]:
    """Return all discounts of a session in the order of their labels."""
    if not session.discounts:
        return session.promotions
    manual = allocate_manual(session.discounts, session.cart, session.minor_digits)
    return sorted([*manual, *session.promotions], key=lambda each: each.label) if session.promotions else manual


def same_discounts(before: CustomerSession, after: CustomerSession) -> bool:
    """Return whether two versions of a session have the same discounts, by the same revisions and with equal shares."""

    def facts(session: CustomerSession) -> Sequence[tuple[Any, ...]]:
        return [(each.label, each.units, each.campaign_id, each.revision, each.shares) for each in session.promotions]

    return before.discounts == after.discounts and facts(before) == facts(after)
