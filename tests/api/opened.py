"""Session tokens, asked for and used."""

from decimal import Decimal
from typing import Any

from served import Answer, Api
from shop import Shop, line, units

from db.domain.attribute_definition import AttributeEntity
from db.domain.discounts import Discount
from db.operations import KeyName, find_keys

CREATE = """mutation($input: CreateSessionTokenInput!) {
  createSessionToken(input: $input) { token expires errors { code message path } } }"""
UPDATE = """mutation($input: UpdateSessionInput!) {
  updateSession(input: $input) { session { version coupon } errors { code message } replayed } }"""
LOOK = '{ customerSession(integrationId: "own") { version } }'
HIDDEN = "hidden"  # stands in whatever is not of the session


def discount(label: str) -> Discount:
    """One euro, or one yen."""
    return Discount(label, Decimal(1))


def asked(api: Api, key: str = "writer", **input_: Any) -> Any:
    """What createSessionToken answers."""
    given = {"integrationId": "own", "rights": "READ", "expiresIn": 600, **input_}
    return api.data(CREATE, {"input": given}, key)["createSessionToken"]


def token(api: Api, rights: str = "READ", **input_: Any) -> str:
    """A token; for the session ``own`` where nothing else is said."""
    made = asked(api, rights=rights, **input_)
    assert made["errors"] == []
    return str(made["token"])


def refused(api: Api, text: str) -> str:
    """Why nobody is let in with a text."""
    answer = api.query("{ viewer { role } }", key=text)
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["UNAUTHENTICATED"]
    return str(answer["errors"][0]["message"])


def stocked(api: Api) -> Api:
    """The session ``own``, with a discount, and another one."""
    for name in ("own", "other"):
        api.shop.create(name, profile_id="ada", cart_items=[line(quantity=3)], discounts=[discount("spring")])
    return api


def change(api: Api, key: str, **input_: Any) -> Answer:
    """The whole answer of an updateSession."""
    return api.query(UPDATE, {"input": {"integrationId": "own", **input_}}, key)


def codes(answer: Answer) -> list[str]:
    """Why nothing was changed."""
    if "errors" in answer:
        return [error["extensions"]["code"] for error in answer["errors"]]
    return [error["code"] for error in answer["data"]["updateSession"]["errors"]]


def number_of(api: Api, name: str = "own", key: str = "writer") -> int:
    """The number of a session, which each database gives in its own way."""
    document = "query($name: String!) { customerSession(integrationId: $name) { id } }"
    return int(api.data(document, {"name": name}, key)["customerSession"]["id"].split("-")[-1])


def key_of(api: Api, name: str = "writer") -> KeyName:
    """What a key is found by."""
    _, application, prefix, _ = api.keys[name].split("_")
    return KeyName(int(application), prefix)


def secret_of(api: Api, name: str = "writer") -> bytes:
    """What a key signs with."""
    key = key_of(api, name)
    secret = api.shop.query(find_keys, [key])[key].token_secret
    assert secret is not None
    return secret


def filled(api: Api) -> Api:
    """Two applications: the first has the session ``own`` beside others of the same customer."""
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
    first.take_back(units(0), integration_id="closed")
    return api


def own_ids(api: Api) -> list[str]:
    """What a token of the session ``own`` can name."""
    own = number_of(api)
    return [f"session-1-{own}", f"event-1-{own}-1", "application-1"]


def other_ids(api: Api) -> list[str]:
    """What it cannot, though all of it is there."""
    hidden, closed = number_of(api, f"{HIDDEN} session"), number_of(api, "closed")
    elsewhere = number_of(api, f"{HIDDEN} of another shop", "other writer")
    return [
        f"session-1-{hidden}",
        f"session-2-{elsewhere}",
        f"event-1-{hidden}-1",
        f"event-1-{closed}-1",
        f"return-1-{closed}-3",
        "profile-1-616461",
        "attribute-1-customer_session-68696464656e5f617474726962757465",
        "application-2",
    ]
