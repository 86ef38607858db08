"""An accepted input of each mutation, and the shop in which it is accepted."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from api_server import Api
from promotion_commands import change_campaign, create_campaign, limit, percent_off, run
from shop import Shop, line

from db.domain.attribute_definition import AttributeEntity, AttributeType
from db.domain.commands import Discount
from db.domain.lifecycle import SessionState
from db.domain.promotions.campaign_state import CampaignState
from db.domain.promotions.commands import CreateCoupon, CreateReferral, ImportCoupons
from db.domain.webhook import CreateWebhook, UpdateWebhook, WebhookKey, WebhookState
from db.operations.webhooks import MAX_OLD_SECRETS, create_webhook, rotate_webhook_secret, update_webhook
from graphql_api.webhooks.document import DEFAULT

# Tests of refusals change one field of these.
ACCEPTED: dict[str, dict[str, Any]] = {
    "createSession": {"integrationId": "new"},
    "updateSession": {"integrationId": "open"},
    "upsertSession": {"integrationId": "open"},
    "addCartItems": {"integrationId": "open", "items": [{"sku": "mug", "quantity": 1, "price": "9.90"}]},
    "updateCartItems": {"integrationId": "open", "items": [{"line": {"position": 0}}]},
    "removeCartItems": {"integrationId": "open", "lines": [{"position": 0}]},
    "mergeSessions": {"fromIntegrationId": "open", "intoIntegrationId": "other"},
    "closeSession": {"integrationId": "open"},
    "cancelSession": {"integrationId": "open"},
    "returnItems": {"integrationId": "closed", "items": [{"line": {"position": 0}, "quantity": 1}]},
    "updateProfile": {"integrationId": "ada", "attributes": {}},
    "createAttributeDefinition": {"entity": "CART_ITEM", "name": "size", "type": "STRING"},
    "updateAttributeDefinition": {"id": "attribute-1-customer_session-6368616e6e656c"},
    "createCampaign": {"name": "Summer", "rules": [{"label": "ten", "reward": {"percentOff": {"percent": "10"}}}]},
    "updateCampaign": {"id": "campaign-1-1"},
    "createCoupon": {"campaignId": "campaign-1-1", "code": "NEW"},
    "updateCoupon": {"id": "coupon-1-1"},
    "generateCoupons": {"campaignId": "campaign-1-1", "count": 2, "batch": "new"},
    "importCoupons": {"campaignId": "campaign-1-1", "codes": ["NEW"], "batch": "new"},
    "endCoupons": {"campaignId": "campaign-1-1", "batch": "old"},
    "createReferral": {"campaignId": "campaign-1-2", "advocateProfileId": "ada"},
    "updateReferral": {"id": "referral-1-3"},
    "createApplication": {"name": "Third shop", "currency": "CHF"},
    "updateApplication": {"applicationId": 1},
    "createSessionToken": {"integrationId": "open", "expiresIn": 60},
    "createKey": {"name": "Till", "role": "READER", "applicationId": 1},
    "revokeKey": {},
    "createWebhook": {"url": "https://shop.example"},
    "updateWebhook": {"id": "webhook-1-1"},
    "deleteWebhook": {"id": "webhook-1-1"},
    "rotateWebhookSecret": {"id": "webhook-1-1"},
}
ADMINISTERING = {"createApplication", "updateApplication", "createKey", "revokeKey"}


def stock(api: Api) -> Api:
    """Add sessions in each state, one with a full cart, one whose coupon was used already, a profile and attributes.

    Of two webhooks, one was rotated as often as it may be.
    """
    shop = api.shop
    shop.define(AttributeEntity.CUSTOMER_SESSION, "channel", allowed_values=("web", "till"))
    shop.define(AttributeEntity.CUSTOMER_PROFILE, "vip", AttributeType.BOOLEAN)
    shop.define(AttributeEntity.CART_ITEM, "fragile", AttributeType.BOOLEAN)
    shop.create("open", profile_id="ada", cart_items=[line(quantity=5)])
    shop.create("closed", SessionState.CLOSED, cart_items=[line(quantity=5)], discounts=[Discount("a", Decimal(1))])
    shop.create("other")
    shop.create("full", cart_items=[line("pear", 10_000)])
    shop.create("cancelled")
    shop.cancel("cancelled")
    stock_promotions(shop)
    for name in ("redeemed", "short"):
        shop.create(name, profile_id="ada", cart_items=[line(quantity=5)], coupon="once")
    shop.close("redeemed")
    for webhook_id in (1, 2):
        key = WebhookKey(1, webhook_id)
        new = CreateWebhook(application_id=1, url="https://shop.example", document=DEFAULT)
        shop.write(create_webhook, shop.till, new, shop.tick(), settled_id=2**63 - 1)
        paused = UpdateWebhook(application_id=1, webhook_id=webhook_id, state=WebhookState.PAUSED)
        shop.write(update_webhook, shop.till, paused, shop.tick())
    for _ in range(MAX_OLD_SECRETS):
        shop.write(rotate_webhook_secret, key, datetime.now(UTC))
    return api


def stock_promotions(shop: Shop) -> None:
    """Add four campaigns, the third of them archived and the last for one use of each customer, and their codes."""
    coupons = create_campaign(shop, percent_off("10", "taken"), name="Coupons", requires="COUPON")
    referrals = create_campaign(shop, name="Referrals", requires="REFERRAL")
    change_campaign(shop, create_campaign(shop, name="Archived"), state=CampaignState.ARCHIVED)
    run(shop, CreateCoupon, campaign_id=coupons, code="HELLO")
    run(shop, ImportCoupons, campaign_id=coupons, codes=["OLD"], batch="old")
    run(shop, CreateReferral, campaign_id=referrals, code="ANNA", advocate_id="anna")
    once = create_campaign(shop, percent_off("10"), requires="COUPON", limits=[limit("USES", "PROFILE", "1")])
    run(shop, CreateCoupon, campaign_id=once, code="ONCE")


def change(api: Api, name: str, input_: dict[str, Any], answer: str) -> Any:
    """Run a mutation with an ADMIN key if it needs one or the input names an application. Returns its payload."""
    key = "admin" if name in ADMINISTERING or "applicationId" in input_ else "writer"
    type_ = f"{name[0].upper()}{name[1:]}Input!"
    document = f"mutation($input: {type_}) {{ {name}(input: $input) {answer} }}"
    return api.data(document, {"input": input_}, key)[name]
