"""Run the operations on campaigns, coupons and referrals of a shop."""

from collections.abc import Mapping, Sequence
from typing import Any

from shop import Shop
from sqlalchemy import Connection, RowMapping, Table, select

from db.domain.promotions.campaign_state import CampaignState
from db.domain.promotions.commands import (
    CreateCampaign,
    CreateCoupon,
    CreateReferral,
    EndCoupons,
    GenerateCoupons,
    ImportCoupons,
    PromotionCommand,
    UpdateCampaign,
    UpdateCoupon,
    UpdateReferral,
)
from db.operations import campaigns, coupons, referrals

Content = Mapping[str, Any]

OPERATIONS: Mapping[type[PromotionCommand], Any] = {
    CreateCampaign: campaigns.create_campaign,
    UpdateCampaign: campaigns.update_campaign,
    CreateCoupon: coupons.create_coupon,
    UpdateCoupon: coupons.update_coupon,
    GenerateCoupons: coupons.generate_coupons,
    ImportCoupons: coupons.import_coupons,
    EndCoupons: coupons.end_coupons,
    CreateReferral: referrals.create_referral,
    UpdateReferral: referrals.update_referral,
}


def run(shop: Shop, command: type[PromotionCommand], key: str | None = None, **fields: Any) -> Any:
    """Run a command; ``key`` is the idempotency key."""
    made = command(application_id=shop.application_id, idempotency_key=key, **fields)
    return shop.write(OPERATIONS[command], shop.till, made, shop.tick())


def percent_off(percent: str, label: str = "rule", **fields: Any) -> Content:
    """Return a rule that takes off a percentage."""
    return {"label": label, **fields, "reward": {"percentOff": {"percent": percent}}}


def limit(measure: str, per: str, max_: str, **fields: Any) -> Content:
    """Return a limit."""
    return {"measure": measure, "per": per, "max": max_, **fields}


def create_campaign(
    shop: Shop, *rules: Content, state: CampaignState = CampaignState.ACTIVE, name: str = "Spring", **content: Any
) -> int:
    """Create a campaign and return its ID."""
    content = {"name": name, "rules": list(rules), **content}
    campaign_id: int = run(shop, CreateCampaign, content=content, state=state).id
    return campaign_id


def change_campaign(shop: Shop, campaign_id: int, changes: Content | None = None, **fields: Any) -> None:
    """Change a campaign."""
    run(shop, UpdateCampaign, campaign_id=campaign_id, changes=changes or {}, **fields)


def rows(shop: Shop, table: Table) -> Sequence[RowMapping]:
    """Return the rows of a shop in a table, in the order of the key."""
    statement = select(table).filter_by(application_id=shop.application_id).order_by(*table.primary_key)

    def read(connection: Connection) -> Sequence[RowMapping]:
        return connection.execute(statement).mappings().all()

    return shop.query(read)
