"""A session token sees the outcome of its session's codes, and nothing from which codes could be guessed."""

from functools import partial
from typing import Any

import pytest
from api_server import Api
from promotion_shop import add_campaign, off
from sample_promotions import SamplePromotions
from shop import Shop, line
from sqlalchemy import Connection
from token_requests import number_of, stocked, token

from db.domain.promotions.code_outcome import CODE_MESSAGES, CodeStatus

DOCUMENT = """{ customerSession(integrationId: "own") { evaluation {
  coupon { status message campaign { id } } campaigns { label } offers { sku campaign { id } } } } }"""
EVENTS = '{ customerSession(integrationId: "own") { events(last: 1) { nodes { changes } } } }'
UNKNOWN = ("PAUSED", "OTHER_RECIPIENT", "LIMIT_REACHED", "UNKNOWN")


@pytest.fixture(scope="module")
def shop(shared_api: Api) -> Api:
    """A shop with campaigns and the session ``own``."""
    stocked(shared_api).shop.write(lambda connection: SamplePromotions(connection, 1, Shop.OPENED).fill())
    return shared_api


def evaluate(connection: Connection, session_id: int, status: CodeStatus) -> None:
    """Store an evaluation with a result, an offer and this status of the coupon."""
    promotions = SamplePromotions(connection, 1, Shop.OPENED)
    outcome = {"code": "HELLO1", "status": status.value, "campaign_id": 1, "message": CODE_MESSAGES[status]}
    offer = {"campaign_id": 1, "label": "gift", "sku": "mug", "quantity": 2}
    parts: dict[str, Any] = {"coupon": outcome, "campaigns": [promotions.result()], "offers": [offer]}
    promotions.set_evaluation(session_id, {**promotions.evaluation(), **parts})


@pytest.mark.parametrize("status", CodeStatus)
def test_codes_that_a_token_could_guess_are_unknown(shop: Api, status: CodeStatus) -> None:
    shop.shop.write(partial(evaluate, session_id=number_of(shop), status=status))

    found, of_key = (shop.data(DOCUMENT, key=key)["customerSession"]["evaluation"] for key in (token(shop), "reader"))

    shown = CodeStatus.UNKNOWN if status.name in UNKNOWN else status
    assert found == {
        "coupon": {"status": shown.name, "message": CODE_MESSAGES[shown], "campaign": None},
        "campaigns": [],
        "offers": [{"sku": "mug", "campaign": None}],
    }
    assert of_key["coupon"] == {
        "status": status.name,
        "message": CODE_MESSAGES[status],
        "campaign": {"id": "campaign-1-1"},
    }
    assert (len(of_key["campaigns"]), of_key["offers"]) == (1, [{"sku": "mug", "campaign": {"id": "campaign-1-1"}}])


def test_event_does_not_name_campaigns_to_a_token(api: Api) -> None:
    add_campaign(api.shop, off("1.00", "greeting"), name="Secret campaign")
    api.shop.create("own", cart_items=[line(price="3.00")])
    made = token(api)
    api.shop.close("own")

    changes, of_key = (
        api.data(EVENTS, key=key)["customerSession"]["events"]["nodes"][0]["changes"] for key in (made, "reader")
    )

    assert of_key.pop("promotions")["greeting"]["campaign"] == "Secret campaign"
    assert changes == of_key
    assert changes["state"] == "closed"
