"""The inputs that lists of several types share: ranges, and the direction of an order."""

from datetime import datetime
from decimal import Decimal
from enum import Enum

import strawberry

from db.domain import money
from graphql_api.errors import BadUserInput
from graphql_api.sql.filter_conditions import Range
from graphql_api.sql.request import Getter, Request


@strawberry.enum(description="The direction of an order.")
class OrderDirection(Enum):
    ASC = strawberry.enum_value("asc", description="Ascending: the smallest or oldest first.")
    DESC = strawberry.enum_value("desc", description="Descending: the greatest or newest first.")


@strawberry.input(description="A range of time. An end that is null or left out is open.")
class DateTimeRange:
    from_: datetime | None = strawberry.field(name="from", description="The earliest time in the range.", default=None)
    to: datetime | None = strawberry.field(
        description="The first time after the range: it is not in the range itself.", default=None
    )


@strawberry.input(description="A range of amounts. An end that is null or left out is open.")
class DecimalRange:
    min: Decimal | None = strawberry.field(description="The lowest amount in the range.", default=None)
    max: Decimal | None = strawberry.field(description="The highest amount in the range.", default=None)


def time_range(column: str) -> Range:
    """Return the condition that a DateTimeRange makes on a column."""
    return Range(column, "from", "to", inclusive=False)


def amount_range(column: str) -> Range:
    """Return the condition that a DecimalRange makes on a column."""
    return Range(column, "min", "max", inclusive=True, checked=storable)


def storable(amount: Getter) -> Getter:
    """Return a getter that raises BadUserInput on an amount that cannot be stored."""

    def checked(request: Request) -> Decimal:
        given: Decimal = amount(request)
        for refusal in money.problems(given, ()):
            raise BadUserInput(f"An amount of the filter: {refusal.message}")
        return given

    return checked
