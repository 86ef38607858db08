"""Records with names of 1,000 characters go in and out like any others."""

from longest import ALIKE
from shop import Shop
from trade import disagreements, export_of, file, import_into, record, records_of, said


def test_names_of_any_length_are_imported_once_and_exported(shop: Shop) -> None:
    items = [{"sku": name, "quantity": 1, "price": 0.5} for name in ALIKE[:5]]
    records = [record(name, profileId=name, cartItems=items) for name in ALIKE]

    first, second = import_into(shop, file(*records)), import_into(shop, file(*records))

    assert (first.created, said(first)) == (len(ALIKE), [])
    assert (second.unchanged, said(second)) == (len(ALIKE), [])
    exported = records_of(export_of(shop))
    assert [(each["integrationId"], each["profileId"]) for each in exported] == [(name, name) for name in ALIKE]
    assert all([item["sku"] for item in each["cartItems"]] == [*ALIKE[:5]] for each in exported)
    assert disagreements(shop) == []
