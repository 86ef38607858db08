"""updateProfile."""

from typing import Any

from shop import Shop, refusals

from db.domain.attribute_definition import AttributeEntity, AttributeType
from db.domain.commands import UpdateProfile
from db.domain.errors import InvalidAttributeValue, InvalidInput, NotFound, UnknownAttribute
from db.operations.outcome import Actor, ProfileOutcome
from db.operations.profiles import update_profile

PROFILE = AttributeEntity.CUSTOMER_PROFILE


def update(shop: Shop, integration_id: str = "ada", **attributes: Any) -> ProfileOutcome:
    """Update a profile."""
    command = UpdateProfile(application_id=shop.application_id, integration_id=integration_id, attributes=attributes)
    return shop.write(update_profile, shop.till, command, shop.tick())


def test_missing_profile_is_created(shop: Shop) -> None:
    shop.define(PROFILE, "born")

    outcome = update(shop, born="1815-12-10")

    ada = shop.profile("ada")
    assert outcome == ProfileOutcome(shop.application_id, "ada")
    assert (ada["attributes"], ada["created"], ada["updated"]) == ({"born": "1815-12-10"}, shop.now, shop.now)


def test_attributes_merge_by_name_and_null_removes_one(shop: Shop) -> None:
    for name in ("born", "city", "note"):
        shop.define(PROFILE, name)
    update(shop, born="1815-12-10", city="London")
    created = shop.profile("ada")["created"]

    update(shop, city=None, note="Countess")

    ada = shop.profile("ada")
    assert ada["attributes"] == {"born": "1815-12-10", "note": "Countess"}
    assert (ada["created"], ada["updated"]) == (created, shop.now)


def test_update_without_changes_writes_nothing(shop: Shop) -> None:
    shop.define(PROFILE, "city")
    update(shop, city="London")
    before = shop.all_rows()

    update(shop, city="London")
    update(shop)

    assert shop.all_rows() == before


def test_refused_update_creates_no_profile(shop: Shop) -> None:
    shop.define(PROFILE, "age", AttributeType.NUMBER)
    shop.define(PROFILE, "vip", AttributeType.BOOLEAN, editable=False)
    before = shop.all_rows()

    found = refusals(update, shop, age="old", hobby="engines")

    assert [(type(each), each.path) for each in found] == [
        (InvalidAttributeValue, ("attributes", "age")),
        (UnknownAttribute, ("attributes", "hobby")),
    ]
    assert shop.all_rows() == before


def test_invalid_integration_id_and_missing_application_are_refused(shop: Shop) -> None:
    for integration_id, problem in (
        ("", "Expected 1 to 1000 characters, got 0."),
        ("é" * 651, "Expected at most 1300 bytes of UTF-8, got 1302."),
    ):
        assert refusals(update, shop, integration_id) == (InvalidInput(path=("integrationId",), problem=problem),)

    shop.application_id = 99
    assert refusals(update, shop) == (NotFound(path=("applicationId",), what="application 99"),)


def test_attributes_of_a_profile_have_the_limit_of_a_session(shop: Shop) -> None:
    shop.define(PROFILE, "notes", AttributeType.STRING_LIST)
    update(shop, notes=["x" * 500])
    shop.till = Actor("Till", "till00000000", max_session_bytes=400)

    (refusal,) = refusals(update, shop, notes=["y" * 510])

    assert isinstance(refusal, InvalidInput)
    assert (refusal.path, "the limit is 400" in refusal.message) == (("attributes",), True)
    assert shop.profile("ada")["attributes"] == {"notes": ["x" * 500]}
    update(shop, notes=["y" * 490])  # smaller than it was
