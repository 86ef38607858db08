"""createApplication and updateApplication."""

from typing import Any

import pytest
from shop import Shop, refusals

from db.domain.attribute_definition import UnknownAttributes
from db.domain.commands import CreateApplication, UpdateApplication
from db.domain.errors import NotFound
from db.domain.money import RoundingMode
from db.operations.applications import create_application, update_application
from db.repository.core import APPLICATION


def create(shop: Shop, name: str = "Another", currency: str = "EUR", **facts: Any) -> int:
    """Create an application."""
    return shop.write(create_application, CreateApplication(name=name, currency=currency, **facts), shop.tick())


def row(shop: Shop, application_id: int) -> dict[str, Any]:
    """Return the stored application."""
    statement = APPLICATION.select().filter_by(application_id=application_id)
    return dict(shop.query(lambda connection: connection.execute(statement).mappings().one()))


def test_application_is_stored_as_it_was_sent(shop: Shop) -> None:
    application_id = create(
        shop,
        "Kiosk",
        "JPY",
        time_zone="Asia/Tokyo",
        rounding_mode=RoundingMode.DOWN,
        unknown_attributes=UnknownAttributes.IGNORE,
    )

    assert row(shop, application_id) == {
        "application_id": 2,
        "name": "Kiosk",
        "currency": "JPY",
        "minor_digits": 0,
        "time_zone": "Asia/Tokyo",
        "rounding_mode": RoundingMode.DOWN,
        "unknown_attributes": UnknownAttributes.IGNORE,
        "created": shop.now,
        "campaigns_version": 0,
    }


@pytest.mark.parametrize(("currency", "digits"), [("JPY", 0), ("EUR", 2), ("BHD", 3), ("CLF", 4)])
def test_minor_digits_are_those_of_iso_4217(shop: Shop, currency: str, digits: int) -> None:
    assert row(shop, create(shop, currency=currency))["minor_digits"] == digits


@pytest.mark.parametrize("currency", ["", "eur", "EURO", "XYZ", "XAU", "XXX", " EUR", "978", "\ud800"])
def test_currency_without_a_code_in_use_or_a_minor_unit_is_refused(shop: Shop, currency: str) -> None:
    assert [each.path for each in refusals(create, shop, currency=currency)] == [("currency",)]


@pytest.mark.parametrize("time_zone", ["", "europe/berlin", "Europe/Atlantis", "+01:00", "../etc/passwd", "\0"])
def test_time_zone_without_an_iana_name_is_refused(shop: Shop, time_zone: str) -> None:
    assert [each.path for each in refusals(create, shop, time_zone=time_zone)] == [("timeZone",)]


def test_every_broken_rule_is_reported(shop: Shop) -> None:
    before = shop.all_rows()

    found = refusals(create, shop, name="x" * 201, currency="euro", time_zone="Here")

    assert [each.path for each in found] == [("name",), ("timeZone",), ("currency",)]
    assert shop.all_rows() == before


def test_update_changes_only_the_given_fields(shop: Shop) -> None:
    before = row(shop, shop.application_id)

    shop.write(update_application, UpdateApplication(application_id=shop.application_id))
    assert row(shop, shop.application_id) == before

    new = UpdateApplication(
        application_id=shop.application_id,
        name="Corner shop",
        time_zone="Europe/Berlin",
        unknown_attributes=UnknownAttributes.IGNORE,
    )
    shop.write(update_application, new)
    assert row(shop, shop.application_id) == {
        **before,
        "name": "Corner shop",
        "time_zone": "Europe/Berlin",
        "unknown_attributes": UnknownAttributes.IGNORE,
    }


def test_invalid_update_and_update_of_a_missing_row_are_refused(shop: Shop) -> None:
    bad = UpdateApplication(application_id=shop.application_id, name="", time_zone="Here")
    assert [each.path for each in refusals(shop.write, update_application, bad)] == [("name",), ("timeZone",)]

    unknown = UpdateApplication(application_id=99, name="Shop")
    assert refusals(shop.write, update_application, unknown) == (
        NotFound(path=("applicationId",), what="application 99"),
    )
