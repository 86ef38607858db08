"""Validity of session tokens: expiry, revocation, and forgeries."""

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
from api_server import Api
from shop import Shop
from sqlalchemy import Connection, update
from token_requests import LOOK, change, key_of, number_of, refused, secret_of, stocked, token, token_payload

from db.domain.commands import CreateKey
from db.operations.keys import KeyName, create_key, find_keys, revoke_key
from db.repository.core import API_KEY
from graphql_api.errors import Unauthenticated
from graphql_api.security import session_tokens
from graphql_api.security.authentication import Authenticator
from graphql_api.security.viewer import TokenPermissions, TokenRights

CART = [{"sku": "pear", "quantity": 2, "price": "2.50"}]


@pytest.fixture(scope="module")
def shops(shared_api: Api) -> Api:
    """The API for tests that change nothing; the other application has a session ``own``, too."""
    other = Shop(shared_api.runner, shared_api.database, 2)
    other.create("own")
    return stocked(shared_api)


def test_token_expires_at_a_whole_second(shops: Api) -> None:
    made = token_payload(shops, expiresIn=600)
    claims = jwt.decode(made["token"], options={"verify_signature": False})
    expires = datetime.fromisoformat(made["expires"])
    assert claims == {"sub": f"session-1-{number_of(shops)}", "scope": "read", "exp": int(expires.timestamp())}
    left = (expires - datetime.now(UTC)).total_seconds()
    assert 590 < left <= 600


@pytest.mark.parametrize("seconds", [0, -1, 86_401, 2**31 - 1, -(2**31)])
def test_expires_in_is_bounded(shops: Api, seconds: int) -> None:
    made = token_payload(shops, expiresIn=seconds)
    assert made["token"] is None
    assert [(each["code"], each["path"]) for each in made["errors"]] == [("INVALID_INPUT", ["expiresIn"])]
    assert "1 to 86400 seconds" in made["errors"][0]["message"]


def test_longest_life_is_a_setting_and_a_viewer_limit(serve: Callable[..., Api]) -> None:
    api = stocked(serve(max_token_seconds=60))
    assert api.data("{ viewer { limits { maxTokenSeconds } } }") == {"viewer": {"limits": {"maxTokenSeconds": 60}}}
    assert token_payload(api, expiresIn=60)["token"]
    assert token_payload(api, expiresIn=61)["token"] is None


def test_expired_token_is_unauthenticated(shops: Api) -> None:
    token(shops)
    permissions = TokenPermissions(number_of(shops), TokenRights.READ)
    for seconds, good in ((-1, False), (0, False), (60, True)):
        expires = datetime.now(UTC) + timedelta(seconds=seconds)
        claims = session_tokens.TokenClaims(1, permissions, expires)
        text = session_tokens.sign(claims, key_of(shops), secret_of(shops))
        if good:
            assert shops.data(LOOK, key=text) == {"customerSession": {"version": 1}}
        else:
            assert refused(shops, text) == "The session token is not known or has expired."


def test_token_is_not_cached_beyond_its_expiry(api: Api) -> None:
    key = token(stocked(api), expiresIn=2)
    authenticator = Authenticator(api.database, 60, 10, lambda: datetime.now(UTC))
    api.runner.run(authenticator.authenticate(f"Bearer {key}"))
    (entry,) = authenticator._valid.values()
    later = datetime.now(UTC) + timedelta(seconds=2)
    assert entry.until - monotonic() <= 2
    assert not isinstance(entry.result, str)
    assert entry.result.expires is not None
    assert entry.result.expires <= later
    api.runner.run(authenticator.close())


def test_revoking_the_key_revokes_its_tokens_in_every_process(serve: Callable[..., Api]) -> None:
    api = stocked(serve(key_cache_seconds=0))
    key = token(api)
    another = Authenticator(api.database, 0, 10, lambda: datetime.now(UTC))
    assert api.data(LOOK, key=key) == {"customerSession": {"version": 1}}
    assert api.runner.run(another.authenticate(f"Bearer {key}")).session_id == number_of(api)
    api.shop.write(revoke_key, *key_of(api), datetime.now(UTC))
    assert refused(api, key) == "The key has been revoked."
    with pytest.raises(Unauthenticated, match="revoked"):
        api.runner.run(another.authenticate(f"Bearer {key}"))
    api.runner.run(another.close())


def test_token_expires_with_its_key(serve: Callable[..., Api]) -> None:
    api = stocked(serve(key_cache_seconds=0))
    expires = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=300)
    made = api.shop.write(
        create_key, CreateKey(application_id=1, name="Till 4", role="writer", expires=expires), Shop.OPENED
    )
    given = token_payload(api, made.secret, expiresIn=600)
    assert datetime.fromisoformat(given["expires"]) == expires
    assert api.data(LOOK, key=given["token"]) == {"customerSession": {"version": 1}}

    def expire(connection: Connection) -> None:
        connection.execute(update(API_KEY).filter_by(prefix=made.prefix).values(expires=Shop.OPENED))

    api.shop.write(expire)
    assert refused(api, given["token"]) == "The key has expired."


def test_use_of_a_token_updates_last_use_of_its_key(serve: Callable[..., Api]) -> None:
    api = stocked(serve(key_cache_seconds=0))
    made = api.shop.write(create_key, CreateKey(application_id=1, name="Till 4", role="writer"), Shop.OPENED)
    key = KeyName(1, made.prefix)
    given = token_payload(api, made.secret)["token"]
    api.runner.run(api.server.authenticator.close())

    def forget(connection: Connection) -> None:
        connection.execute(update(API_KEY).filter_by(prefix=made.prefix).values(last_used=None))

    api.shop.write(forget)
    api.data(LOOK, key=given)
    api.runner.run(api.server.authenticator.close())
    assert api.shop.query(find_keys, [key])[key].last_used is not None


# ---------------------------------------------------------------- forgeries

FOREVER = 4_000_000_000
CLAIMS = {"sub": "session-1-2", "scope": "write_cart", "exp": FOREVER}


def json_part(value: object) -> str:
    """Return a JSON value as a part of a token."""
    return base64_part(json.dumps(value).encode())


def base64_part(value: bytes) -> str:
    """Encode bytes as a part of a token."""
    return base64.urlsafe_b64encode(value).decode().rstrip("=")


def forge(secret: bytes, header: object, claims: object, digest: str = "sha256") -> str:
    """Return a token with this header and these claims, signed with the secret."""
    signed = f"{json_part(header)}.{json_part(claims)}"
    return f"{signed}.{base64_part(hmac.digest(secret, signed.encode(), digest))}"


def forged_signatures(api: Api) -> Iterator[str]:
    """Yield tokens with valid claims and invalid signatures."""
    head, body, signature = token(api, "WRITE_CART").split(".")
    key, secret, kid = api.keys["writer"], secret_of(api), "_".join(map(str, key_of(api)))
    other = "_".join(map(str, key_of(api, "other writer")))
    yield f"{head}.{json_part(CLAIMS)}.{signature}"
    yield f"{head}.{body}."
    yield f"{head}.{body}.{'A' * len(signature)}"
    for algorithm in ("none", "None", "nOnE", "", "HS384", "RS256", None, ["HS256"]):
        yield f"{json_part({'alg': algorithm, 'kid': kid})}.{json_part(CLAIMS)}."
        yield forge(secret, {"alg": algorithm, "kid": kid}, CLAIMS)
    yield forge(secret, {"kid": kid}, CLAIMS)
    yield forge(secret, {"alg": "HS512", "kid": kid}, CLAIMS, "sha512")
    yield forge(secret, {"alg": "HS256", "kid": kid, "crit": ["exp"]}, CLAIMS)
    for wrong in (b"", b"None", bytes(32), key.encode(), sha256(key.encode()).digest(), secret_of(api, "other writer")):
        yield forge(wrong, {"alg": "HS256", "kid": kid}, CLAIMS)
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
        yield forge(secret, {"alg": "HS256", "kid": name}, CLAIMS)


def forged_claims(api: Api) -> Iterator[str]:
    """Yield tokens with valid signatures and invalid claims."""
    header = {"alg": "HS256", "kid": "_".join(map(str, key_of(api)))}
    wrong: dict[str, list[Any]] = {
        "sub": ["", "session-1", "session-1-0", "session-1-2-3", "profile-1-2", "1", 1, None, []],
        "scope": ["", "admin", "WRITE_CART", None, ["read"], {}, 1],
        "exp": [0, 1, -1, 10**18, 10**400, 1e308, "x", None, [], True],
    }
    for name, values in wrong.items():
        for value in values:
            yield forge(secret_of(api), header, {**CLAIMS, name: value})
    for name in CLAIMS:
        yield forge(secret_of(api), header, {each: value for each, value in CLAIMS.items() if each != name})
    yield from (forge(secret_of(api), header, claims) for claims in ("x", "{}", '"sub"'))


def garbage(api: Api) -> Iterator[str]:
    """Yield malformed tokens."""
    good = token(api)
    _, body, signature = good.split(".")
    yield from ("...", "a.b.c", "e30.e30.e30", f"{good}.{good}", f"{good}=", f"{good}.", good[1:], good[:-5])
    yield f"{good}{'A' * 5_000}"
    yield f"{base64_part(b'[' * 700)}.{body}.{signature}"
    for header in (["HS256"], None, 1, "HS256"):
        yield f"{json_part(header)}.{body}.{signature}"


@pytest.mark.parametrize("made", [forged_signatures, forged_claims, garbage])
def test_forged_token_is_unauthenticated(
    shops: Api, made: Callable[[Api], Iterator[str]], caplog: pytest.LogCaptureFixture
) -> None:
    token(shops)
    token_payload(shops, "other writer")
    for forged in made(shops):
        assert "known" in refused(shops, forged), forged
    assert not caplog.records


def test_token_signed_with_the_stored_secret_is_valid(shops: Api) -> None:
    token(shops)
    header = {"alg": "HS256", "kid": "_".join(map(str, key_of(shops)))}
    good = forge(secret_of(shops), header, {**CLAIMS, "sub": f"session-1-{number_of(shops)}"})
    assert shops.data(LOOK, key=good) == {"customerSession": {"version": 1}}


def test_key_without_tokens_has_no_secret(api: Api) -> None:
    header = {"alg": "HS256", "kid": "_".join(map(str, key_of(api)))}
    for secret in (b"", bytes(32), b"None"):
        assert "known" in refused(api, forge(secret, header, CLAIMS))


def test_tokens_and_their_secrets_are_not_logged(serve: Callable[..., Api], caplog: pytest.LogCaptureFixture) -> None:
    api = stocked(serve(log_level="debug"))
    with caplog.at_level(logging.DEBUG):
        key = token(api, "WRITE_CART")
        change(api, key, cartItems=CART)
        refused(api, key[:-2])
    found = api.shop.query(find_keys, [key_of(api)])
    secret = secret_of(api)
    for shown in (caplog.text, repr(found), repr(api.server.authenticator._valid.values())):
        assert key not in shown
        assert secret.hex() not in shown
        assert repr(secret) not in shown
    stored = {name: rows for name, rows in api.all_rows().items() if name != "token_secret"}
    assert repr(secret) not in repr(stored)
    assert key not in repr(stored)


def test_token_has_its_own_key_prefix(shops: Api) -> None:
    viewers = [
        shops.runner.run(shops.server.authenticator.authenticate(f"Bearer {each}"))
        for each in (shops.keys["writer"], token(shops), token(shops, integrationId="other"))
    ]
    assert len({viewer.key_prefix for viewer in viewers}) == 3
