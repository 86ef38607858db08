"""createKey, revokeKey and find_keys."""

import re
from datetime import timedelta
from hashlib import sha256
from typing import Any

import pytest
from shop import Shop, refusals

from db.domain.commands import CreateKey
from db.domain.errors import NotFound
from db.operations.keys import CreatedKey, Key, KeyName, create_key, find_keys, revoke_key
from db.tables import KeyRole


def create(shop: Shop, application_id: int | None, role: str, **facts: Any) -> CreatedKey:
    """Create a key."""
    command = CreateKey(**{"application_id": application_id, "name": "Till", "role": role, **facts})
    return shop.write(create_key, command, shop.tick())


def stored_key(shop: Shop, application_id: int, prefix: str) -> Key | None:
    """Return the stored key."""
    name = KeyName(application_id, prefix)
    return shop.query(find_keys, [name]).get(name)


def test_secret_is_returned_once_and_stored_as_a_hash(shop: Shop) -> None:
    expires = shop.now + timedelta(days=1)

    created = create(shop, shop.application_id, "writer", expires=expires)

    assert re.fullmatch(rf"ck_{shop.application_id}_[A-Za-z0-9]{{12}}_[0-9a-f]{{64}}", created.secret)
    assert created.secret.split("_")[1:3] == [str(created.application_id), created.prefix]
    stored = stored_key(shop, created.application_id, created.prefix)
    assert stored is not None
    assert (stored.name, stored.role, stored.created, stored.expires) == ("Till", KeyRole.WRITER, shop.now, expires)
    assert stored.secret_hash == sha256(created.secret.encode()).digest()
    assert created.secret.split("_")[3] not in repr(shop.all_rows())


def test_admin_key_has_no_application(shop: Shop) -> None:
    created = create(shop, None, "admin")

    assert created.application_id == 0
    stored = stored_key(shop, 0, created.prefix)
    assert stored is not None
    assert stored.role is KeyRole.ADMIN


def test_keys_differ(shop: Shop) -> None:
    created = [create(shop, shop.application_id, "reader") for _ in range(3)]

    assert len({key.prefix for key in created}) == len({key.secret for key in created}) == 3


@pytest.mark.parametrize("role", ["reader", "writer"])
def test_reader_or_writer_key_needs_an_application(shop: Shop, role: str) -> None:
    assert [each.path for each in refusals(create, shop, None, role)] == [("applicationId",)]
    for none in (0, 99):
        assert refusals(create, shop, none, role) == (NotFound(path=("applicationId",), what=f"application {none}"),)


def test_every_broken_rule_of_a_key_is_reported(shop: Shop) -> None:
    found = refusals(create, shop, shop.application_id, "admin", name="x" * 101, expires=shop.now)

    assert [each.path for each in found] == [("name",), ("applicationId",), ("expires",)]


def test_second_revocation_keeps_the_first_time(shop: Shop) -> None:
    created = create(shop, shop.application_id, "reader")
    first = shop.tick()

    shop.write(revoke_key, created.application_id, created.prefix, first)
    shop.write(revoke_key, created.application_id, created.prefix, shop.tick())

    stored = stored_key(shop, created.application_id, created.prefix)
    assert stored is not None
    assert stored.revoked == first


def test_missing_key_is_not_found(shop: Shop) -> None:
    created = create(shop, shop.application_id, "reader")

    for application_id, prefix in (
        (created.application_id, created.prefix.swapcase()),
        (99, created.prefix),
        (0, created.prefix),
    ):
        assert stored_key(shop, application_id, prefix) is None
        (refusal,) = refusals(shop.write, revoke_key, application_id, prefix, shop.now)
        assert (type(refusal), refusal.path) == (NotFound, ("id",))


def test_find_keys_returns_the_existing_ones_of_many(shop: Shop) -> None:
    created = [
        KeyName(key.application_id, key.prefix) for key in (create(shop, 1, "reader"), create(shop, None, "admin"))
    ]
    missing = [KeyName(created[1].application_id, created[0].prefix), KeyName(99, "x")]

    found = shop.query(find_keys, [*missing, *created])

    assert {name: (key.application_id, key.prefix) for name, key in found.items()} == {
        name: tuple(name) for name in created
    }
