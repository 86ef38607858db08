"""The promotions of the demo shop: four campaigns, which its sessions get from 1998 on."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection

from db.domain.promotions.campaign_state import CampaignState
from db.domain.promotions.commands import CreateCampaign, CreateCoupon, CreateReferral
from db.operations.campaigns import create_campaign
from db.operations.coupons import create_coupon
from db.operations.outcome import Actor
from db.operations.referrals import create_referral

STARTS = datetime(1998, 1, 1, tzinfo=UTC)
COUPON, REFERRAL = "HELLO", "FRIEND"
ADVOCATE = "cdnow-0001"

ONCE_FOR_EACH_CUSTOMER = {"measure": "USES", "per": "PROFILE", "period": "EVER", "max": "1", "whenShort": "SKIP"}


def rule(label: str, reward: Mapping[str, Any], **fields: Any) -> Mapping[str, Any]:
    """Return a rule."""
    return {"label": label, **fields, "reward": reward}


CAMPAIGNS: Sequence[Mapping[str, Any]] = (
    {
        "name": "10 % from 50.00",
        "rules": [rule("ten-percent", {"percentOff": {"percent": "10"}}, when={"total": {"min": "50.00"}})],
    },
    {
        "name": "Buy 3, get 1 of music",
        "rules": [
            rule("fourth-free", {"buyGet": {"buy": 3, "get": 1, "percentOff": "100"}}, lines={"categories": ["music"]})
        ],
    },
    {
        "name": "Hello",
        "requires": "COUPON",
        "rules": [rule("hello", {"amountOff": {"amount": "5.00"}}, when={"total": {"min": "10.00"}})],
        "limits": [ONCE_FOR_EACH_CUSTOMER],
    },
    {
        "name": "Invite a friend",
        "requires": "REFERRAL",
        "rules": [rule("friend", {"percentOff": {"percent": "15"}}, maxAmount="20.00")],
        "limits": [ONCE_FOR_EACH_CUSTOMER],
    },
)


def add_promotions(connection: Connection, actor: Actor, application_id: int, now: datetime) -> None:
    """Create the campaigns, the coupon of the third and the referral of the fourth."""
    ids = [
        create_campaign(
            connection,
            actor,
            CreateCampaign(application_id=application_id, content=content, state=CampaignState.ACTIVE),
            now,
        ).id
        for content in CAMPAIGNS
    ]
    coupon = CreateCoupon(application_id=application_id, campaign_id=ids[2], code=COUPON)
    create_coupon(connection, actor, coupon, now)
    referral = CreateReferral(application_id=application_id, campaign_id=ids[3], code=REFERRAL, advocate_id=ADVOCATE)
    create_referral(connection, actor, referral, now)
