"""Create session tokens, and use them."""

from decimal import Decimal
from typing import Any

from api_server import Answer, Api
from sample_promotions import SamplePromotions
from shop import Shop, line, units
from sqlalchemy import Connection, select

from db.domain.attribute_definition import AttributeEntity
from db.domain.commands import Discount
from db.domain.promotions.code_outcome import CodeStatus
from db.operations.keys import KeyName, find_keys
from db.repository.core import SESSION

CREATE = """mutation($input: CreateSessionTokenInput!) {
  createSessionToken(input: $input) { token expires errors { code message path } } }"""
UPDATE = """mutation($input: UpdateSessionInput!) {
  updateSession(input: $input) { session { version coupon } errors { code message } replayed } }"""
LOOK = '{ customerSession(integrationId: "own") { version } }'
HIDDEN = "hidden"  # part of every value that does not belong to the session


def discount(label: str) -> Discount:
    """Return a discount of one unit of the currency."""
    return Discount(label, Decimal(1))


def token_payload(api: Api, key: str = "writer", **input_: Any) -> Any:
    """Return the payload of createSessionToken."""
    token_input = {"integrationId": "own", "rights": "READ", "expiresIn": 600, **input_}
    return api.data(CREATE, {"input": token_input}, key)["createSessionToken"]


def token(api: Api, rights: str = "READ", **input_: Any) -> str:
    """Create a token, by default for the session ``own``, and return its text."""
    made = token_payload(api, rights=rights, **input_)
    assert made["errors"] == []
    return str(made["token"])


def refused(api: Api, text: str) -> str:
    """Return the message with which a token is refused."""
    answer = api.query("{ viewer { role } }", key=text)
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["UNAUTHENTICATED"]
    return str(answer["errors"][0]["message"])


def stocked(api: Api) -> Api:
    """Create the sessions ``own`` and ``other``."""
    for name in ("own", "other"):
        api.shop.create(name, profile_id="ada", cart_items=[line(quantity=3)], discounts=[discount("spring")])
    return api


def change(api: Api, key: str, **input_: Any) -> Answer:
    """Return the response of updateSession."""
    return api.query(UPDATE, {"input": {"integrationId": "own", **input_}}, key)


def codes(answer: Answer) -> list[str]:
    """Return the error codes of a response to one mutation of a session."""
    if "errors" in answer:
        return [error["extensions"]["code"] for error in answer["errors"]]
    (payload,) = answer["data"].values()
    return [error["code"] for error in payload["errors"]]


def number_of(api: Api, name: str = "own", key: str = "writer") -> int:
    """Return the number of a session, which the database assigns."""
    document = "query($name: String!) { customerSession(integrationId: $name) { id } }"
    return int(api.data(document, {"name": name}, key)["customerSession"]["id"].split("-")[-1])


def key_of(api: Api, name: str = "writer") -> KeyName:
    """Return the name of a key."""
    _, application, prefix, _ = api.keys[name].split("_")
    return KeyName(int(application), prefix)


def secret_of(api: Api, name: str = "writer") -> bytes:
    """Return the secret with which a key signs tokens."""
    key = key_of(api, name)
    secret = api.shop.query(find_keys, [key])[key].token_secret
    assert secret is not None
    return secret


def filled(api: Api) -> Api:
    """Fill two applications: the first has the session ``own`` and others of the same customer."""
    for application_id in (1, 2):
        shop = Shop(api.runner, api.database, application_id)
        shop.define(AttributeEntity.CUSTOMER_SESSION, f"{HIDDEN}_attribute")
        for name in ("own", f"{HIDDEN} session") if application_id == 1 else (f"{HIDDEN} of another shop",):
            mark = "apple" if name == "own" else HIDDEN
            shop.create(
                name,
                profile_id="ada",
                identifiers=[f"{mark} till"],
                cart_items=[line(mark, quantity=3, price="2.00")],
                coupon=f"{mark} coupon",
                discounts=[discount(mark)],
            )
    first = api.shop
    first.create("closed", cart_items=[line()])
    first.close("closed")
    first.return_items(units(0), integration_id="closed")
    for application_id in (1, 2):
        api.shop.write(add_promotions, application_id)
    return api


def add_promotions(connection: Connection, application_id: int) -> None:
    """Insert campaigns whose names are hidden; give each session a redemption and an evaluation of hidden outcomes."""
    names = [f"{HIDDEN} campaign {number}" for number in range(3)]
    promotions = SamplePromotions(connection, application_id, Shop.OPENED, names)
    promotions.fill()
    for session_id in connection.execute(
        select(SESSION.c.id).where(SESSION.c.application_id == application_id)
    ).scalars():
        promotions.add_redemption(session_id, 1, Shop.OPENED)
        result = {**promotions.result(), "campaign_id": 1, "message": HIDDEN}
        outcome = {"code": "apple", "status": CodeStatus.PAUSED.value, "campaign_id": 1, "message": HIDDEN}
        evaluation = promotions.evaluation() | {"coupon": outcome, "referral": outcome, "campaigns": [result]}
        promotions.set_evaluation(session_id, evaluation)


def own_ids(api: Api) -> list[str]:
    """Return the IDs that a token of the session ``own`` can read."""
    own = number_of(api)
    return [f"session-1-{own}", f"event-1-{own}-1", f"redemption-1-{own}-1", "application-1"]


def other_ids(api: Api) -> list[str]:
    """Return the IDs of existing objects that it cannot read."""
    hidden, closed = number_of(api, f"{HIDDEN} session"), number_of(api, "closed")
    elsewhere = number_of(api, f"{HIDDEN} of another shop", "other writer")
    return [
        f"session-1-{hidden}",
        f"session-2-{elsewhere}",
        f"event-1-{hidden}-1",
        f"event-1-{closed}-1",
        f"return-1-{closed}-3",
        f"redemption-1-{hidden}-1",
        "campaign-1-1",
        "coupon-1-1",
        "referral-1-9",
        "limit-1-1",
        "profile-1-616461",
        "attribute-1-customer_session-68696464656e5f617474726962757465",
        "application-2",
    ]
