"""Statements that run on the driver behave as they do when SQLAlchemy runs them."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from shop import Shop, line
from sqlalchemy import Connection, Table, bindparam, select, text, update

from db.domain.commands import Discount
from db.engine.statements import MAX_FORMS, Statement
from db.repository.core import API_KEY, APPLICATION, CART_ITEM, EVENT, SESSION

NAMED = (SESSION.c.application_id == bindparam("of"), SESSION.c.integration_id == bindparam("named"))
CHANGE = Statement(update(SESSION).where(*NAMED).returning(SESSION.c.updated))


def own(of: Table, connection: Connection) -> list[tuple[Any, ...]]:
    """All rows of a table, by a Statement."""
    return [tuple(row) for row in Statement(select(of).order_by(*of.primary_key)).rows(connection, {})]


def theirs(of: Table, connection: Connection) -> list[tuple[Any, ...]]:
    """All rows of a table, by SQLAlchemy."""
    return [tuple(row) for row in connection.execute(select(of).order_by(*of.primary_key))]


@pytest.mark.parametrize("of", [APPLICATION, SESSION, CART_ITEM, EVENT], ids=lambda of: of.name)
def test_values_are_converted_as_by_sqlalchemy(shop: Shop, of: Table) -> None:
    shop.create(cart_items=[line(), line("pear")], discounts=[Discount("spring", Decimal("0.01"))], profile_id="ada")
    shop.close()

    found = shop.query(lambda connection: own(of, connection))

    assert found
    assert repr(found) == repr(shop.query(lambda connection: theirs(of, connection)))


def test_an_update_sets_only_the_given_columns(shop: Shop) -> None:
    shop.create("s1", coupon="SPRING")
    moved = datetime(2026, 4, 1, tzinfo=UTC)

    for change in ({"updated": moved}, {"coupon": None}, {"updated": moved, "version": 7}):
        names = {"of": shop.application_id, "named": "s1"}
        [(updated,)] = shop.write(CHANGE.rows, {**change, **names})
        assert updated == moved

    row = shop.query(lambda connection: Statement(select(SESSION)).first(connection, {}))
    assert (row.coupon, row.version, row.updated, row.integration_id) == (None, 7, moved, "s1")


def test_constants_keep_their_position_among_the_parameters(shop: Shop) -> None:
    for name in ("s1", "s2", "s3"):
        shop.create(name)
    statement = Statement(
        select(SESSION.c.integration_id)
        .where(SESSION.c.integration_id != "s1", SESSION.c.application_id == bindparam("of"))
        .order_by(SESSION.c.id)
        .limit(1)
    )

    assert shop.query(statement.rows, {"of": shop.application_id}) == [("s2",)]
    assert shop.query(statement.first, {"of": -1}) is None


def test_statements_are_rolled_back_with_the_transaction(shop: Shop) -> None:
    shop.create("s1", coupon="SPRING")

    def change(connection: Connection) -> None:
        CHANGE.rows(connection, {"coupon": "LOST", "of": shop.application_id, "named": "s1"})
        connection.execute(text("UPDATE customer_session SET version = 9"))  # by SQLAlchemy, in the same transaction
        raise LookupError

    with pytest.raises(LookupError):
        shop.write(change)
    row = shop.query(lambda connection: Statement(select(SESSION)).first(connection, {}))
    assert (row.coupon, row.version) == ("SPRING", 1)


def test_the_number_of_compiled_forms_is_bounded(shop: Shop) -> None:
    statement = Statement(select(API_KEY.c.name).where(API_KEY.c.application_id == bindparam("of")))

    def ask(connection: Connection) -> int:
        for number in range(2 * MAX_FORMS):
            statement.rows(connection, {"of": 0, f"unused {number}": None})
        return len(statement._forms)

    assert shop.query(ask) <= MAX_FORMS
