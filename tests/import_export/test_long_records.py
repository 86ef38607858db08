"""Records with names of 1,000 characters are imported and exported."""

from long_texts import SIMILAR
from shop import Shop
from transfer import disagreements, export_from, file, import_into, messages, record, records_of


def test_names_of_the_greatest_length_are_imported_once_and_exported(shop: Shop) -> None:
    items = [{"sku": name, "quantity": 1, "price": 0.5} for name in SIMILAR[:5]]
    records = [record(name, profileId=name, cartItems=items) for name in SIMILAR]

    first, second = import_into(shop, file(*records)), import_into(shop, file(*records))

    assert (first.created, messages(first)) == (len(SIMILAR), [])
    assert (second.unchanged, messages(second)) == (len(SIMILAR), [])
    exported = records_of(export_from(shop))
    assert [(each["integrationId"], each["profileId"]) for each in exported] == [(name, name) for name in SIMILAR]
    assert all([item["sku"] for item in each["cartItems"]] == [*SIMILAR[:5]] for each in exported)
    assert disagreements(shop) == []
