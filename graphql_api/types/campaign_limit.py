"""Limits of campaigns, and their counters."""

from decimal import Decimal
from typing import Annotated, Any, ClassVar

import strawberry
from sqlalchemy import ColumnElement, Text, case, func, literal_column

from db.domain.promotions.limit import LimitMeasure, LimitPeriod, LimitSubject, WhenShort
from graphql_api.execution.context import Info
from graphql_api.execution.run import read_field
from graphql_api.sql.decimal_text import FormatDecimal
from graphql_api.sql.fields import Order, Page, Value, column, reads, value
from graphql_api.sql.json_scalars import JsonPlainString
from graphql_api.sql.request import HasValue
from graphql_api.sql.scope import Scope
from graphql_api.sql.source import Columns, Source
from graphql_api.types.amounts import minor_digits
from graphql_api.types.node import After, Before, Connection, First, Last, Node, of_application
from graphql_api.types.sources import CAMPAIGN_LIMITS, LIMIT_COUNTERS

MINUS = literal_column("'-'", Text)


def places(scope: Scope) -> ColumnElement[int]:
    """Return the decimal places of a limit: those of the currency, or none for a number of uses."""
    return case((scope.row["measure"] == LimitMeasure.USES, literal_column("0")), else_=minor_digits(scope))


def limit_of(scope: Scope) -> Scope:
    """Return the scope of the limit that a counter belongs to."""
    assert scope.around is not None, "a counter is read with its limit"
    return scope.around


def remaining(scope: Scope) -> ColumnElement[str]:
    """Return what a counter has left; below 0 if the limit was lowered below its use."""
    left = limit_of(scope).row["max"] - scope.row["used"]
    digits = places(limit_of(scope))
    positive, negative = FormatDecimal(left, digits), FormatDecimal(-left, digits)
    return JsonPlainString(case((left < 0, MINUS.concat(negative)), else_=positive))


def counters(scope: Scope, counter: Columns) -> list[ColumnElement[bool]]:
    """Return the conditions on the counters of the limit in scope, or on those of one subject."""
    found = [of_application(counter, scope.row), counter["limit_id"] == scope.row["id"]]
    subject = scope.argument("subject")
    if scope.plan_key(HasValue(subject)):
        found.append(counter["subject"] == scope.bind(subject, Text()))
    return found


def limited(description: str) -> Any:
    """Declare a field that reads a number of uses or an amount of the limit in scope."""
    return strawberry.field(description=description, metadata=reads(Value(places=places)))


@strawberry.type(description="The use of a limit by one subject in one period.")
class LimitCounter:
    source: ClassVar[Source] = LIMIT_COUNTERS

    subject: str | None = value(
        "The customer's integration ID, or the identifier; null if the limit is for the whole campaign.",
        lambda scope: func.nullif(scope.row["subject"], literal_column("''", Text)),
    )
    period: str | None = value(
        "The local date on which the period begins, such as 2026-03-29; null if the limit counts for EVER.",
        lambda scope: func.nullif(scope.row["starts"], literal_column("''", Text)),
    )
    used: Decimal = strawberry.field(
        description="The number of uses, or the sum of the discounts, of closed sessions that were not cancelled.",
        metadata=reads(Value(places=lambda scope: places(limit_of(scope)))),
    )
    remaining: Decimal = value(
        "The rest of the limit: max - used. It is negative if max was lowered below what had been used.", remaining
    )


Subject = Annotated[
    str | None,
    strawberry.argument(
        description="Return only the counters of this customer, by integration ID, or of this identifier."
    ),
]


@strawberry.type(
    description="A limit of a campaign. Its measure, subject and period identify it over all revisions; its counters"
    " stay when max changes."
)
class CampaignLimit(Node):
    source: ClassVar[Source] = CAMPAIGN_LIMITS

    measure: LimitMeasure = column("The quantity that the limit bounds.")
    per: LimitSubject = column("The subject that the limit counts for.")
    period: LimitPeriod = column("The period after which the limit starts again from 0.")
    max: Decimal = limited("The highest number of uses, or the greatest sum of discounts, of a subject in a period.")
    when_short: WhenShort = column("The effect of the limit if less is left of it than a session would use.")

    @strawberry.field(
        description="A page of the limit's counters, ordered by subject and period. A counter exists once a session"
        " that uses it has been closed.",
        metadata=reads(Page(counters, lambda scope: Order("counter", ("subject", "starts")))),
    )
    async def counters(
        self,
        info: Info,
        subject: Subject = None,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[LimitCounter]:
        """Read with the limit."""
        return await read_field(info)
