"""createAttributeDefinition and updateAttributeDefinition."""

from typing import Any

from shop import Shop, line, refusals

from db.domain.attribute_definition import AttributeDefinition, AttributeEntity, AttributeType, UnknownAttributes
from db.domain.commands import CreateAttributeDefinition, UpdateAttributeDefinition
from db.domain.errors import AlreadyExists, InvalidAttributeValue, InvalidInput, NotFound, UnknownAttribute
from db.operations.attribute_definitions import create_attribute_definition, update_attribute_definition
from db.repository.applications import load_all_rules

SESSION, LINE, PROFILE = AttributeEntity.CUSTOMER_SESSION, AttributeEntity.CART_ITEM, AttributeEntity.CUSTOMER_PROFILE


def definition(shop: Shop, entity: AttributeEntity, name: str) -> AttributeDefinition:
    """Return the stored definition."""
    return shop.query(load_all_rules, shop.application_id).attributes.definitions[entity, name]


def change(shop: Shop, entity: AttributeEntity, name: str, **new: Any) -> None:
    """Update a definition."""
    command = UpdateAttributeDefinition(application_id=shop.application_id, entity=entity, name=name, **new)
    shop.write(update_attribute_definition, command)


def test_definition_is_stored_as_it_was_sent(shop: Shop) -> None:
    sent = AttributeDefinition(
        entity=SESSION,
        name="colour",
        type=AttributeType.STRING_LIST,
        description="What the shopper likes.",
        allowed_values=("red", "blue"),
        editable=False,
    )

    key = shop.write(
        create_attribute_definition,
        CreateAttributeDefinition(application_id=shop.application_id, definition=sent),
        shop.tick(),
    )

    assert key == (shop.application_id, SESSION, "colour")
    assert definition(shop, SESSION, "colour") == sent


def test_name_is_unique_within_an_entity(shop: Shop) -> None:
    for entity in AttributeEntity:
        shop.define(entity, "colour")
    before = shop.all_rows()

    (refusal,) = refusals(shop.define, LINE, "colour", AttributeType.NUMBER)

    assert refusal == AlreadyExists(path=("name",), what='an attribute "colour" of CART_ITEM')
    assert shop.all_rows() == before


def test_every_broken_rule_of_a_definition_is_reported(shop: Shop) -> None:
    found = refusals(shop.define, SESSION, "1st", AttributeType.BOOLEAN, allowed_values=("true",))

    assert [(type(each), each.path) for each in found] == [
        (InvalidInput, ("name",)),
        (InvalidInput, ("allowedValues",)),
    ]


def test_attributes_are_checked_against_their_own_application(shop: Shop) -> None:
    other = shop.another("Other", "EUR")
    other.define(SESSION, "colour")

    assert refusals(shop.create, attributes={"colour": "red"}) == (
        UnknownAttribute(path=("attributes", "colour"), name="colour", entity=SESSION),
    )
    assert refusals(shop.create, cart_items=[line(attributes={"size": 1})]) == (
        UnknownAttribute(path=("cartItems", "0", "attributes", "size"), name="size", entity=LINE),
    )


def test_application_can_ignore_unknown_names(shop: Shop) -> None:
    easy = shop.another("Easy", "EUR", unknown_attributes=UnknownAttributes.IGNORE)
    easy.define(SESSION, "colour")

    easy.create(attributes={"colour": "red", "mood": "good"}, cart_items=[line(attributes={"size": 1})])

    session = easy.session()
    assert (session.attributes, session.cart[0].attributes) == ({"colour": "red"}, {})


def test_attribute_that_is_not_editable_can_be_set_once(shop: Shop) -> None:
    shop.define(SESSION, "source", editable=False)
    shop.define(LINE, "batch", editable=False)
    shop.create(attributes={"source": "web"}, cart_items=[line(attributes={"batch": "a"})])

    for new in ({"attributes": {"source": "app"}}, {"attributes": None}, {"cart_items": [line()]}):
        assert [type(each) for each in refusals(shop.update, **new)] == [InvalidAttributeValue]
    assert shop.update(attributes={"source": "web"}, cart_items=[line(attributes={"batch": "a"})]).version == 1


def test_description_and_allowed_values_can_change(shop: Shop) -> None:
    shop.define(SESSION, "colour", description="Old.", allowed_values=("red",))
    shop.create(attributes={"colour": "red"})

    change(shop, SESSION, "colour", allowed_values=["blue"])
    assert definition(shop, SESSION, "colour").description == "Old."
    assert [type(each) for each in refusals(shop.update, attributes={"colour": "red"})] == [InvalidAttributeValue]

    change(shop, SESSION, "colour", description=None, allowed_values=None)
    stored = definition(shop, SESSION, "colour")
    assert (stored.description, stored.allowed_values) == ("", None)
    assert shop.session().attributes == {"colour": "red"}


def test_invalid_update_and_update_of_a_missing_row_are_refused(shop: Shop) -> None:
    shop.define(PROFILE, "age", AttributeType.NUMBER)
    before = shop.all_rows()

    assert [each.path for each in refusals(change, shop, PROFILE, "age", allowed_values=["old"])] == [
        ("allowedValues", "0")
    ]
    assert refusals(change, shop, SESSION, "age") == (
        NotFound(path=("id",), what='attribute "age" of CUSTOMER_SESSION'),
    )
    change(shop, PROFILE, "age")
    assert shop.all_rows() == before
