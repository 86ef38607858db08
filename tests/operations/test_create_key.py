"""createKey, revokeKey, findKeys: secrets that are shown once."""

import re
from datetime import timedelta
from hashlib import sha256
from typing import Any

import pytest
from shop import Shop, refusals

from db.domain.commands import CreateKey
from db.domain.errors import NotFound
from db.operations import CreatedKey, Key, KeyName, create_key, find_keys, revoke_key
from db.tables import KeyRole


def create(shop: Shop, application_id: int | None, role: str, **facts: Any) -> CreatedKey:
    """One new key."""
    command = CreateKey(**{"application_id": application_id, "name": "Till", "role": role, **facts})
    return shop.write(create_key, command, shop.tick())


def kept_key(shop: Shop, application_id: int, prefix: str) -> Key | None:
    """The key as it is kept."""
    name = KeyName(application_id, prefix)
    return shop.query(find_keys, [name]).get(name)


def test_a_key_is_shown_whole_once_and_kept_as_a_hash(shop: Shop) -> None:
    expires = shop.now + timedelta(days=1)

    made = create(shop, shop.application_id, "writer", expires=expires)

    assert re.fullmatch(rf"ck_{shop.application_id}_[A-Za-z0-9]{{12}}_[0-9a-f]{{64}}", made.secret)
    assert made.secret.split("_")[1:3] == [str(made.application_id), made.prefix]
    kept = kept_key(shop, made.application_id, made.prefix)
    assert kept is not None
    assert (kept.name, kept.role, kept.created, kept.expires) == ("Till", KeyRole.WRITER, shop.now, expires)
    assert kept.secret_hash == sha256(made.secret.encode()).digest()
    assert made.secret.split("_")[3] not in repr(shop.everything())


def test_an_admin_key_belongs_to_no_application(shop: Shop) -> None:
    made = create(shop, None, "admin")

    assert made.application_id == 0
    kept = kept_key(shop, 0, made.prefix)
    assert kept is not None
    assert kept.role is KeyRole.ADMIN


def test_no_two_keys_are_alike(shop: Shop) -> None:
    made = [create(shop, shop.application_id, "reader") for _ in range(3)]

    assert len({key.prefix for key in made}) == len({key.secret for key in made}) == 3


@pytest.mark.parametrize("role", ["reader", "writer"])
def test_a_reader_or_writer_key_needs_an_application(shop: Shop, role: str) -> None:
    assert [each.path for each in refusals(create, shop, None, role)] == [("applicationId",)]
    for none in (0, 99):
        assert refusals(create, shop, none, role) == (NotFound(path=("applicationId",), what=f"application {none}"),)


def test_a_key_that_breaks_the_rules_is_refused_with_all_of_them(shop: Shop) -> None:
    found = refusals(create, shop, shop.application_id, "admin", name="x" * 101, expires=shop.now)

    assert [each.path for each in found] == [("name",), ("applicationId",), ("expires",)]


def test_revoking_twice_keeps_the_first_time(shop: Shop) -> None:
    made = create(shop, shop.application_id, "reader")
    first = shop.tick()

    shop.write(revoke_key, made.application_id, made.prefix, first)
    shop.write(revoke_key, made.application_id, made.prefix, shop.tick())

    kept = kept_key(shop, made.application_id, made.prefix)
    assert kept is not None
    assert kept.revoked == first


def test_a_key_that_does_not_exist_is_not_found(shop: Shop) -> None:
    made = create(shop, shop.application_id, "reader")

    for application_id, prefix in ((made.application_id, made.prefix.swapcase()), (99, made.prefix), (0, made.prefix)):
        assert kept_key(shop, application_id, prefix) is None
        (refusal,) = refusals(shop.write, revoke_key, application_id, prefix, shop.now)
        assert (type(refusal), refusal.path) == (NotFound, ("id",))


def test_many_keys_are_found_at_once_and_those_that_are_not_there_are_left_out(shop: Shop) -> None:
    made = [KeyName(key.application_id, key.prefix) for key in (create(shop, 1, "reader"), create(shop, None, "admin"))]
    strangers = [KeyName(made[1].application_id, made[0].prefix), KeyName(99, "x")]

    found = shop.query(find_keys, [*strangers, *made])

    assert {name: (key.application_id, key.prefix) for name, key in found.items()} == {
        name: tuple(name) for name in made
    }
