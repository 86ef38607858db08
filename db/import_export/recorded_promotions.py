"""The discounts of campaigns in a record. An import evaluates nothing: it stores them, or leaves them out."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, bindparam, select

from db.domain import money, text
from db.domain.content import MAX_LABEL
from db.domain.errors import DiscountExceedsTotal, InvalidInput, Refusal, Refused
from db.domain.lifecycle import SessionState
from db.domain.money import PLACES, from_units, to_units
from db.domain.promotions.allocated_discount import AllocatedDiscount, DiscountSource
from db.domain.promotions.campaign import MAX_NAME
from db.domain.session import CustomerSession
from db.import_export.json_reader import ObjectReader
from db.repository.core import CAMPAIGN, InList, TextList

MAX_REVISION = 2**31 - 1
REQUIRED_FIELDS = frozenset({"campaign", "revision"})
FIELDS = REQUIRED_FIELDS | {"shares"}
SHARE_FIELDS = frozenset({"position", "amount"})
SELECT_IDS = select(CAMPAIGN.c.name, CAMPAIGN.c.id, CAMPAIGN.c.revision).where(
    CAMPAIGN.c.application_id == bindparam("application_id"),
    InList(CAMPAIGN.c.name, bindparam("names", type_=TextList())),
)


@dataclass(frozen=True, slots=True)
class RecordedPromotion:
    """The discount of a campaign as a record has it. An open session has no shares."""

    label: str
    amount: Decimal
    campaign: str
    revision: int
    shares: tuple[tuple[int, Decimal], ...]

    @property
    def path(self) -> tuple[str, ...]:
        """The place in the record."""
        return ("promotions", self.label)


def read_promotions(
    value: Mapping[str, Any], amounts: Mapping[str, Decimal], found: list[Refusal]
) -> tuple[RecordedPromotion, ...]:
    """Return the promotions of a record, whose amounts are those of the discounts with their labels."""
    promotions = []
    for label, each in value.items():
        path = ("promotions", label)
        reader = ObjectReader(each, path, found, REQUIRED_FIELDS, FIELDS)
        if label not in amounts:
            found.append(InvalidInput(path=path, problem="There is no discount with this label."))
        shares = [
            ObjectReader(share, (*path, "shares", str(index)), found, SHARE_FIELDS, SHARE_FIELDS)
            for index, share in enumerate(reader.items("shares"))
        ]
        promotions.append(
            RecordedPromotion(
                label=label,
                amount=amounts.get(label, Decimal(0)),
                campaign=reader.text("campaign"),
                revision=reader.integer("revision"),
                shares=tuple((share.integer("position"), share.amount("amount")) for share in shares),
            )
        )
    return tuple(promotions)


def with_promotions(
    session: CustomerSession, promotions: Sequence[RecordedPromotion], state: SessionState
) -> CustomerSession:
    """Return a session that has the caller's discounts with those of campaigns, and with their shares of its lines.

    A session that is OPEN is left as it is: its next change evaluates it. Raises Refused with every rule that the
    promotions break.
    """
    if not promotions or state is SessionState.OPEN:
        return session
    digits = session.minor_digits
    if found := [problem for each in promotions for problem in promotion_problems(each, session)]:
        raise Refused(*found)
    given = tuple(
        AllocatedDiscount(
            units=to_units(each.amount, digits),
            shares=tuple((position, to_units(amount, digits)) for position, amount in each.shares),
            minor_digits=digits,
            label=each.label,
            source=DiscountSource.CAMPAIGN,
            campaign_name=each.campaign,
            revision=each.revision,
        )
        for each in sorted(promotions, key=lambda each: each.label)
    )
    after = replace(session, promotions=given)
    if after.discount_total > after.total:
        refusal = DiscountExceedsTotal(
            path=("discounts",), discount_total=after.discount_total, total=after.total, minor_digits=digits
        )
        raise Refused(refusal)
    return with_shares(after)


def with_shares(session: CustomerSession) -> CustomerSession:
    """Return the session with the shares of its campaigns' discounts added to those of its lines.

    Raises Refused where a line is given more than it costs.
    """
    shares = [to_units(line.discount_share, session.minor_digits) for line in session.cart]
    left = [
        to_units(max(line.total - line.discount_share, money.ZERO), PLACES) // 10 ** (PLACES - session.minor_digits)
        for line in session.cart
    ]
    for each in session.promotions:
        for index, (position, units) in enumerate(each.shares):
            left[position] -= units
            shares[position] += units
            if left[position] < 0:
                path = ("promotions", each.label, "shares", str(index), "amount")
                raise Refused(InvalidInput(path=path, problem="The discounts of the line exceed its total."))
    lines = [
        line._replace(discount_share=from_units(units, session.minor_digits))
        for line, units in zip(session.cart, shares, strict=True)
    ]
    return replace(session, cart=tuple(lines))


def promotion_problems(promotion: RecordedPromotion, session: CustomerSession) -> Iterator[Refusal]:
    """Yield the rules that one promotion of a session breaks."""
    path, digits = promotion.path, session.minor_digits
    yield from text.problems(promotion.label, path, min_length=1, max_length=MAX_LABEL)
    yield from text.problems(promotion.campaign, (*path, "campaign"), min_length=1, max_length=MAX_NAME)
    if not 1 <= promotion.revision <= MAX_REVISION:
        problem = f"Expected 1 to {MAX_REVISION}, got {promotion.revision}."
        yield InvalidInput(path=(*path, "revision"), problem=problem)
    found = [*money.problems(promotion.amount, ("discounts", promotion.label), minor_digits=digits)]
    last = -1
    for index, (position, amount) in enumerate(promotion.shares):
        place = (*path, "shares", str(index))
        found.extend(money.problems(amount, (*place, "amount"), minor_digits=digits))
        if not last < position < len(session.cart):
            problem = f"Expected the positions of lines, of which there are {len(session.cart)}, in ascending order."
            found.append(InvalidInput(path=(*place, "position"), problem=problem))
        last = position
    if not found:
        shared = sum((amount for _, amount in promotion.shares), money.ZERO)
        if shared != promotion.amount:
            problem = f"Expected shares that sum to the discount {promotion.amount:f}, got {shared:f}."
            found.append(InvalidInput(path=(*path, "shares"), problem=problem))
    yield from found


def with_campaign_ids(
    connection: Connection, application_id: int, sessions: Iterable[CustomerSession]
) -> list[CustomerSession]:
    """Return the sessions with the IDs of the campaigns that this database has, by name."""
    sessions = list(sessions)
    names = {each.campaign_name for session in sessions for each in session.promotions}
    if not names:
        return sessions
    rows = connection.execute(SELECT_IDS, {"application_id": application_id, "names": list(names)})
    known = {row.name: row for row in rows}

    def with_id(discount: AllocatedDiscount) -> AllocatedDiscount:
        campaign = known.get(discount.campaign_name)
        has_revision = campaign is not None and (discount.revision or 0) <= campaign.revision
        return replace(discount, campaign_id=campaign.id) if campaign and has_revision else discount

    return [replace(session, promotions=tuple(map(with_id, session.promotions))) for session in sessions]
