"""How long a session token lives, what it takes to make one, and what does not suffice."""

import base64
import hmac
import json
import logging
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from time import monotonic
from typing import Any

import jwt
import pytest
from opened import LOOK, asked, change, key_of, number_of, refused, secret_of, stocked, token
from served import Api
from shop import Shop
from sqlalchemy import Connection, update

from db.domain.commands import CreateKey
from db.operations import KeyName, create_key, find_keys, revoke_key
from db.repository.core import API_KEY
from graphql_api.errors import Unauthenticated
from graphql_api.security import session_tokens as tokens
from graphql_api.security.api_keys import Keys
from graphql_api.security.permissions import Grant, TokenRights

CART = [{"sku": "pear", "quantity": 2, "price": "2.50"}]


@pytest.fixture(scope="module")
def shops(shared_api: Api) -> Api:
    """For tests that leave it as it was; the other application has a session ``own``, too."""
    other = Shop(shared_api.runner, shared_api.database, 2)
    other.create("own")
    return stocked(shared_api)


def test_a_token_says_when_it_expires_in_whole_seconds(shops: Api) -> None:
    made = asked(shops, expiresIn=600)
    claims = jwt.decode(made["token"], options={"verify_signature": False})
    expires = datetime.fromisoformat(made["expires"])
    assert claims == {"sub": f"session-1-{number_of(shops)}", "scope": "read", "exp": int(expires.timestamp())}
    left = (expires - datetime.now(UTC)).total_seconds()
    assert 590 < left <= 600


@pytest.mark.parametrize("seconds", [0, -1, 86_401, 2**31 - 1, -(2**31)])
def test_the_life_of_a_token_has_bounds(shops: Api, seconds: int) -> None:
    made = asked(shops, expiresIn=seconds)
    assert made["token"] is None
    assert [(each["code"], each["path"]) for each in made["errors"]] == [("INVALID_INPUT", ["expiresIn"])]
    assert "1 to 86400 seconds" in made["errors"][0]["message"]


def test_the_longest_life_is_a_setting_that_clients_can_read(serve: Callable[..., Api]) -> None:
    api = stocked(serve(max_token_seconds=60))
    assert api.data("{ viewer { limits { maxTokenSeconds } } }") == {"viewer": {"limits": {"maxTokenSeconds": 60}}}
    assert asked(api, expiresIn=60)["token"]
    assert asked(api, expiresIn=61)["token"] is None


def test_an_expired_token_opens_nothing(shops: Api) -> None:
    token(shops)
    grant = Grant(number_of(shops), TokenRights.READ)
    for seconds, good in ((-1, False), (0, False), (60, True)):
        expires = datetime.now(UTC) + timedelta(seconds=seconds)
        text = tokens.signed(tokens.SessionToken(1, grant, expires), key_of(shops), secret_of(shops))
        if good:
            assert shops.data(LOOK, key=text) == {"customerSession": {"version": 1}}
        else:
            assert refused(shops, text) == "The session token is not known or has expired."


def test_a_token_is_not_remembered_beyond_its_end(api: Api) -> None:
    key = token(stocked(api), expiresIn=2)
    keys = Keys(api.database, 60, 10, lambda: datetime.now(UTC))
    api.runner.run(keys.viewer(f"Bearer {key}"))
    (known,) = keys._good.values()
    later = datetime.now(UTC) + timedelta(seconds=2)
    assert known.until - monotonic() <= 2
    assert not isinstance(known.found, str)
    assert known.found.expires is not None
    assert known.found.expires <= later
    api.runner.run(keys.close())


def test_a_token_ends_with_the_key_that_made_it_on_every_process(serve: Callable[..., Api]) -> None:
    api = stocked(serve(key_cache_seconds=0))
    key = token(api)
    another = Keys(api.database, 0, 10, lambda: datetime.now(UTC))
    assert api.data(LOOK, key=key) == {"customerSession": {"version": 1}}
    assert api.runner.run(another.viewer(f"Bearer {key}")).session_id == number_of(api)
    api.shop.write(revoke_key, *key_of(api), datetime.now(UTC))
    assert refused(api, key) == "The key has been revoked."
    with pytest.raises(Unauthenticated, match="revoked"):
        api.runner.run(another.viewer(f"Bearer {key}"))
    api.runner.run(another.close())


def test_a_token_does_not_outlive_a_key_that_expires(serve: Callable[..., Api]) -> None:
    api = stocked(serve(key_cache_seconds=0))
    expires = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=300)
    made = api.shop.write(
        create_key, CreateKey(application_id=1, name="Till 4", role="writer", expires=expires), Shop.OPENED
    )
    given = asked(api, made.secret, expiresIn=600)
    assert datetime.fromisoformat(given["expires"]) == expires
    assert api.data(LOOK, key=given["token"]) == {"customerSession": {"version": 1}}

    def expire(connection: Connection) -> None:
        connection.execute(update(API_KEY).filter_by(prefix=made.prefix).values(expires=Shop.OPENED))

    api.shop.write(expire)
    assert refused(api, given["token"]) == "The key has expired."


def test_use_of_a_token_is_use_of_its_key(serve: Callable[..., Api]) -> None:
    api = stocked(serve(key_cache_seconds=0))
    made = api.shop.write(create_key, CreateKey(application_id=1, name="Till 4", role="writer"), Shop.OPENED)
    key = KeyName(1, made.prefix)
    given = asked(api, made.secret)["token"]
    api.runner.run(api.server.keys.close())

    def forget(connection: Connection) -> None:
        connection.execute(update(API_KEY).filter_by(prefix=made.prefix).values(last_used=None))

    api.shop.write(forget)
    api.data(LOOK, key=given)
    api.runner.run(api.server.keys.close())
    assert api.shop.query(find_keys, [key])[key].last_used is not None


# ---------------------------------------------------------------- tokens that were made by hand

FOREVER = 4_000_000_000
CLAIMS = {"sub": "session-1-2", "scope": "write_cart", "exp": FOREVER}


def part(value: object) -> str:
    """A part of a token."""
    return coded(json.dumps(value).encode())


def coded(value: bytes) -> str:
    """Bytes as they stand in a token."""
    return base64.urlsafe_b64encode(value).decode().rstrip("=")


def by_hand(secret: bytes, header: object, claims: object, digest: str = "sha256") -> str:
    """A token as somebody would make one who knows how they are made."""
    signed = f"{part(header)}.{part(claims)}"
    return f"{signed}.{coded(hmac.digest(secret, signed.encode(), digest))}"


def forged_signatures(api: Api) -> Iterator[str]:
    """Tokens that say what a good one would, or more, and are signed by none who may."""
    head, body, signature = token(api, "WRITE_CART").split(".")
    key, secret, kid = api.keys["writer"], secret_of(api), "_".join(map(str, key_of(api)))
    other = "_".join(map(str, key_of(api, "other writer")))
    yield f"{head}.{part(CLAIMS)}.{signature}"
    yield f"{head}.{body}."
    yield f"{head}.{body}.{'A' * len(signature)}"
    for algorithm in ("none", "None", "nOnE", "", "HS384", "RS256", None, ["HS256"]):
        yield f"{part({'alg': algorithm, 'kid': kid})}.{part(CLAIMS)}."
        yield by_hand(secret, {"alg": algorithm, "kid": kid}, CLAIMS)
    yield by_hand(secret, {"kid": kid}, CLAIMS)
    yield by_hand(secret, {"alg": "HS512", "kid": kid}, CLAIMS, "sha512")
    yield by_hand(secret, {"alg": "HS256", "kid": kid, "crit": ["exp"]}, CLAIMS)
    for wrong in (b"", b"None", bytes(32), key.encode(), sha256(key.encode()).digest(), secret_of(api, "other writer")):
        yield by_hand(wrong, {"alg": "HS256", "kid": kid}, CLAIMS)
    names: list[Any] = [
        other,
        "1_abcdefghijkl",
        "0_abcdefghijkl",
        "99999999999_abcdefghijkl",
        f"{kid}x",
        "",
        None,
        [kid],
    ]
    for name in names:
        yield by_hand(secret, {"alg": "HS256", "kid": name}, CLAIMS)


def forged_claims(api: Api) -> Iterator[str]:
    """Tokens that are signed as they should be, and say what none of ours does."""
    header = {"alg": "HS256", "kid": "_".join(map(str, key_of(api)))}
    wrong: dict[str, list[Any]] = {
        "sub": ["", "session-1", "session-1-0", "session-1-2-3", "profile-1-2", "1", 1, None, []],
        "scope": ["", "admin", "WRITE_CART", None, ["read"], {}, 1],
        "exp": [0, 1, -1, 10**18, 10**400, 1e308, "x", None, [], True],
    }
    for name, values in wrong.items():
        for value in values:
            yield by_hand(secret_of(api), header, {**CLAIMS, name: value})
    for name in CLAIMS:
        yield by_hand(secret_of(api), header, {each: value for each, value in CLAIMS.items() if each != name})
    yield from (by_hand(secret_of(api), header, claims) for claims in ("x", "{}", '"sub"'))


def garbage(api: Api) -> Iterator[str]:
    """What is hardly a token."""
    good = token(api)
    _, body, signature = good.split(".")
    yield from ("...", "a.b.c", "e30.e30.e30", f"{good}.{good}", f"{good}=", f"{good}.", good[1:], good[:-5])
    yield f"{good}{'A' * 5_000}"
    yield f"{coded(b'[' * 700)}.{body}.{signature}"
    for header in (["HS256"], None, 1, "HS256"):
        yield f"{part(header)}.{body}.{signature}"


@pytest.mark.parametrize("made", [forged_signatures, forged_claims, garbage])
def test_nothing_that_was_made_by_hand_opens_anything(
    shops: Api, made: Callable[[Api], Iterator[str]], caplog: pytest.LogCaptureFixture
) -> None:
    token(shops)
    asked(shops, "other writer")
    for forged in made(shops):
        assert "known" in refused(shops, forged), forged
    assert not caplog.records


def test_a_hand_that_has_the_secret_makes_good_ones(shops: Api) -> None:
    token(shops)
    header = {"alg": "HS256", "kid": "_".join(map(str, key_of(shops)))}
    good = by_hand(secret_of(shops), header, {**CLAIMS, "sub": f"session-1-{number_of(shops)}"})
    assert shops.data(LOOK, key=good) == {"customerSession": {"version": 1}}


def test_a_key_that_has_made_no_token_has_no_secret_to_guess(api: Api) -> None:
    header = {"alg": "HS256", "kid": "_".join(map(str, key_of(api)))}
    for secret in (b"", bytes(32), b"None"):
        assert "known" in refused(api, by_hand(secret, header, CLAIMS))


def test_neither_tokens_nor_what_signs_them_are_shown_or_logged(
    serve: Callable[..., Api], caplog: pytest.LogCaptureFixture
) -> None:
    api = stocked(serve(log_level="debug"))
    with caplog.at_level(logging.DEBUG):
        key = token(api, "WRITE_CART")
        change(api, key, cartItems=CART)
        refused(api, key[:-2])
    found = api.shop.query(find_keys, [key_of(api)])
    secret = secret_of(api)
    for shown in (caplog.text, repr(found), repr(api.server.keys._good.values())):
        assert key not in shown
        assert secret.hex() not in shown
        assert repr(secret) not in shown
    stored = {name: rows for name, rows in api.everything().items() if name != "token_secret"}
    assert repr(secret) not in repr(stored)
    assert key not in repr(stored)


def test_a_token_has_a_budget_and_a_name_of_its_own(shops: Api) -> None:
    viewers = [
        shops.runner.run(shops.server.keys.viewer(f"Bearer {each}"))
        for each in (shops.keys["writer"], token(shops), token(shops, integrationId="other"))
    ]
    assert len({viewer.key_prefix for viewer in viewers}) == 3
