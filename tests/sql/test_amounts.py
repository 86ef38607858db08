"""Amounts: SQL prints and sums them as exactly as the domain does."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from api_server import Api
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shop import line
from sqlalchemy import BigInteger, Integer, bindparam, select

from db.domain.decimals import format_decimal
from db.domain.lifecycle import SessionState
from db.domain.money import LIMIT
from db.tables.columns import SCALE
from graphql_api.sql.decimal_text import FormatDecimal, FormatSum


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(amount=st.integers(0, int(LIMIT * SCALE) - 1) | st.integers(0, 30_000), minor_digits=st.integers(0, 4))
def test_sql_prints_an_amount_as_the_domain_does(shared_api: Api, amount: int, minor_digits: int) -> None:
    statement = select(FormatDecimal(bindparam("amount", type_=BigInteger()), bindparam("digits", type_=Integer())))
    found = value_of(shared_api, statement, amount=amount, digits=minor_digits)
    assert found == format_decimal(Decimal(amount).scaleb(-4), minor_digits)


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    amounts=st.lists(
        st.integers(int(LIMIT * SCALE) - 20_000, int(LIMIT * SCALE) - 1) | st.integers(0), max_size=40
    ).map(lambda amounts: [min(amount, int(LIMIT * SCALE) - 1) for amount in amounts]),
    minor_digits=st.integers(0, 4),
)
def test_sql_formats_sums_exactly_beyond_what_an_integer_holds(
    shared_api: Api, amounts: list[int], minor_digits: int
) -> None:
    types = {"whole": BigInteger(), "fraction": BigInteger(), "digits": Integer()}
    statement = select(FormatSum(*(bindparam(name, type_=type_) for name, type_ in types.items())))
    parts = {"whole": sum(each // SCALE for each in amounts), "fraction": sum(each % SCALE for each in amounts)}
    found = value_of(shared_api, statement, **parts, digits=minor_digits)
    assert found == format_decimal(Decimal(sum(amounts)).scaleb(-4), minor_digits)


def value_of(api: Api, statement: Any, **parameters: Any) -> str | None:
    """The one value of a statement."""
    compiled = statement.compile(dialect=api.database.dialect)
    in_order = {name: parameters[name] for name in compiled.positiontup or parameters}
    return api.runner.run(api.database.read(str(compiled), in_order, 1))


def test_the_sales_of_a_profile_do_not_overflow(serve: Callable[..., Api]) -> None:
    api = serve()
    for number in range(10):
        cart = [line(price="99999999999999.9999")]
        api.shop.create(f"s{number}", SessionState.CLOSED, profile_id="ada", cart_items=cart)
    document = '{ customerProfile(integrationId: "ada") { totalSales closedSessions } }'
    assert api.data(document) == {"customerProfile": {"totalSales": "999999999999999.999", "closedSessions": 10}}
