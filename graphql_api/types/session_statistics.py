"""Sums over sessions, in groups."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any

import strawberry
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    FromClause,
    Integer,
    Text,
    and_,
    cast,
    func,
    literal,
    null,
    select,
    type_coerce,
)

from db.operations.applications import read_calendar
from graphql_api.errors import BadUserInput
from graphql_api.sql import groups, local_time
from graphql_api.sql.decimal_text import FormatSum
from graphql_api.sql.fields import column, json_text, value
from graphql_api.sql.functions import SqlFunction
from graphql_api.sql.groups import GroupColumns, Grouping
from graphql_api.sql.json_scalars import JsonPlainString
from graphql_api.sql.request import Getter, Lookup, Request, RequestedApplication
from graphql_api.sql.scope import Scope
from graphql_api.types.amounts import minor_digits
from graphql_api.types.node import of_session
from graphql_api.types.session_list import SESSION_LIST
from graphql_api.types.sources import CAMPAIGNS, CART_ITEMS, DISCOUNTS, SESSIONS

MAX_GROUPS = 1_000
DEFAULT_GROUPS = 100


@strawberry.enum(description="The property by which statistics group sessions.")
class StatisticsGroup(Enum):
    NOTHING = strawberry.enum_value("nothing", description="All sessions are one group.")
    DAY = strawberry.enum_value("day", description="The local date.")
    WEEK = strawberry.enum_value("week", description="The ISO week, which begins on Monday.")
    MONTH = strawberry.enum_value("month", description="The month.")
    YEAR = strawberry.enum_value("year", description="The year.")
    STATE = strawberry.enum_value("state", description="The state that the session is in now.")
    COUPON = strawberry.enum_value("coupon", description="The coupon code, as the shopper entered it.")
    REFERRAL = strawberry.enum_value("referral", description="The referral code, as the shopper entered it.")
    CAMPAIGN = strawberry.enum_value(
        "campaign",
        description="The campaign that gave a discount. discountTotal is what this campaign gave; all other fields are"
        " those of whole sessions. A session with discounts of two campaigns is in two groups.",
    )
    PROFILE = strawberry.enum_value("profile", description="The customer.")
    SKU = strawberry.enum_value(
        "sku",
        description="The SKU of a cart line. Units and amounts are those of the lines. A session is in one group for"
        " each SKU in its cart.",
    )
    CATEGORY = strawberry.enum_value(
        "category", description="The category of a cart line. Units and amounts are those of the lines."
    )


TIMES: Mapping[StatisticsGroup, type[SqlFunction]] = {
    StatisticsGroup.DAY: local_time.LocalDay,
    StatisticsGroup.WEEK: local_time.LocalWeek,
    StatisticsGroup.MONTH: local_time.LocalMonth,
    StatisticsGroup.YEAR: local_time.LocalYear,
}
COLUMNS = {
    StatisticsGroup.STATE: "state",
    StatisticsGroup.COUPON: "coupon",
    StatisticsGroup.REFERRAL: "referral",
    StatisticsGroup.PROFILE: "profile_id",
}
AMOUNTS = ("total", "discount_total", "returned_total", "net_total")


@dataclass(frozen=True)
class GroupCount:
    """Read how many groups a document asks for."""

    first: Getter
    group_by: Getter

    def __call__(self, request: Request) -> int:
        """Return the number. Raises BadUserInput where it is out of range."""
        first = self.first(request)
        if first is not None and not 0 <= first <= MAX_GROUPS:
            raise BadUserInput(f"first is from 0 to {MAX_GROUPS}; got {first}.")
        return 1 if self.group_by(request) is StatisticsGroup.NOTHING else DEFAULT_GROUPS if first is None else first


def group_count(arguments: Mapping[str, Getter]) -> Getter:
    """Return the getter of how many groups there are."""
    return GroupCount(arguments["first"], arguments["groupBy"])


def statistics(scope: Scope) -> Grouping:
    """Return the groups that the arguments ask for."""
    application = RequestedApplication(scope.argument("applicationId"))
    by = scope.plan_key(scope.argument("groupBy"))
    session = scope.alias(SESSIONS)
    row = session.c
    conditions = [row.application_id == scope.bind(application, Integer()), *SESSION_LIST.filtered(scope, row)]
    if by in (StatisticsGroup.SKU, StatisticsGroup.CATEGORY):
        table, key, computed = of_lines(scope, session, by)
    else:
        table, key, computed = of_sessions(scope, session, by, application)
    if key is not None:
        computed[groups.KEY] = key
    known = {"application_id": scope.bind(application, Integer())}
    order = (
        [(groups.KEY, True)] if by in TIMES else [("rank_whole", True), ("rank_fraction", True), (groups.KEY, False)]
    )
    count = group_count(scope.arguments or {})
    return Grouping(
        table,
        conditions,
        GroupColumns(f"g{next(scope.numbers)}", computed, known),
        order if key is not None else [],
        scope.bind(count, Integer()),
        count,
    )


Parts = tuple[FromClause, ColumnElement[Any] | None, dict[str, ColumnElement[Any]]]


def of_sessions(scope: Scope, session: FromClause, by: StatisticsGroup, application: Getter) -> Parts:
    """Return the table, the key of a group, and the sums of groups of sessions."""
    row = session.c
    amounts: dict[str, ColumnElement[Any]] = {name: stored(row[name]) for name in AMOUNTS[:3]}
    table: FromClause = session
    key: ColumnElement[Any] | None = None
    text: ColumnElement[Any] | None = None
    if by in TIMES:
        calendar = Lookup(read_calendar, application)
        scope.context.lookups.append(calendar)
        given = scope.bind(local_time.OffsetsJson(calendar), Text())
        offsets = local_time.Offsets(given).table_valued(*local_time.Offsets.COLUMNS, name=f"z{next(scope.numbers)}")
        moment = func.coalesce(row.closed, row.created)
        table = session.outerjoin(offsets, local_time.InMonth(moment, offsets.c.month))
        key = TIMES[by](moment, *(offsets.c[name] for name in local_time.Offsets.COLUMNS))
        text = local_time.DateText(key)
    elif by is StatisticsGroup.CAMPAIGN:
        discount = scope.alias(DISCOUNTS)
        amount = cast(func.sum(stored(discount.c.amount)), BigInteger())  # PostgreSQL's sum is no integer
        given_by = (
            select(discount.c.session_id, discount.c.campaign_id, amount.label("amount"))
            .where(discount.c.application_id == scope.bind(application, Integer()), discount.c.campaign_id.is_not(None))
            .group_by(discount.c.session_id, discount.c.campaign_id)
            .subquery(f"d{next(scope.numbers)}")
        )
        table = session.outerjoin(given_by, given_by.c.session_id == row.id)
        key = given_by.c.campaign_id
        text = (
            literal(f"{CAMPAIGNS.prefix}-") + cast(scope.bind(application, Integer()), Text()) + "-" + cast(key, Text())
        )
        amounts["discount_total"] = func.coalesce(given_by.c.amount, 0)
    elif by in COLUMNS:
        key = row[COLUMNS[by]]
        text = func.upper(key) if by is StatisticsGroup.STATE else key
    net = stored(row.total) - stored(row.discount_total) - stored(row.returned_total)
    line = scope.alias(CART_ITEMS)
    units = select(func.sum(line.c.quantity)).where(*of_session(line.c, row)).correlate_except(line).scalar_subquery()
    computed = sums({**amounts, "net_total": net}, units)
    computed["sessions"] = func.count()
    if text is not None:
        computed["key_text"] = text
    return table, key, computed


def of_lines(scope: Scope, session: FromClause, by: StatisticsGroup) -> Parts:
    """Return the table, the key of a group, and the sums of groups of cart lines."""
    line = scope.alias(CART_ITEMS)
    total, share, returned = (
        stored(line.c.price) * line.c.quantity,
        stored(line.c.discount_share),
        line.c.returned_total,
    )
    amounts = {
        "total": total,
        "discount_total": share,
        "returned_total": returned,
        "net_total": total - share - returned,
    }
    key = line.c.sku if by is StatisticsGroup.SKU else line.c.category
    computed = sums(amounts, line.c.quantity)
    computed["sessions"] = func.count(session.c.id.distinct())
    computed["key_text"] = key
    return session.join(line, and_(*of_session(line.c, session.c))), key, computed


def stored(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return an amount as the whole number that is stored."""
    return type_coerce(column, BigInteger)


def sums(amounts: Mapping[str, ColumnElement[Any]], units: ColumnElement[Any]) -> dict[str, ColumnElement[Any]]:
    """Return the columns of the sums: each amount in two parts, as ``FormatSum`` takes them."""
    computed: dict[str, ColumnElement[Any]] = {"units": func.coalesce(func.sum(units), 0)}
    for name, amount in amounts.items():
        computed[f"{name}_whole"] = groups.SumOfWholes(amount)
        computed[f"{name}_fraction"] = groups.SumOfFractions(amount)
    total = computed["total_whole"], computed["total_fraction"]
    computed["rank_whole"], computed["rank_fraction"] = groups.WholesOfSum(*total), groups.FractionOfSum(total[1])
    return computed


def group_key(scope: Scope) -> ColumnElement[Any]:
    """Return the key of a group; null where all sessions are one group."""
    return scope.row["key_text"] if "key_text" in scope.row else cast(null(), Text())


def sum_of(name: str, description: str) -> Any:
    """Declare a field with the sum of an amount."""

    def expression(scope: Scope) -> ColumnElement[str]:
        row = scope.row
        return JsonPlainString(FormatSum(row[f"{name}_whole"], row[f"{name}_fraction"], minor_digits(scope)))

    return json_text(description, expression)


@strawberry.type(description="Sums over a group of sessions in any state.")
class SessionStatistics:
    key: str | None = value(
        "The value that the sessions of the group share: the first date of the day, week, month or year, such as"
        " 2026-03-01; the name of the state; the code; the global ID of the campaign; the integration ID of the"
        " customer; the SKU or category. Null for sessions that have none.",
        group_key,
    )
    sessions: int = column("The number of sessions.")
    units: int = column("The number of units in their carts, including those that have been returned.")
    total: Decimal = sum_of("total", "The sum of total, before discounts and returns.")
    discount_total: Decimal = sum_of("discount_total", "The sum of discountTotal.")
    returned_total: Decimal = sum_of("returned_total", "The sum of returnedTotal.")
    net_total: Decimal = sum_of("net_total", "The sum of netTotal: total - discountTotal - returnedTotal.")


GroupBy = Annotated[StatisticsGroup, strawberry.argument(description="The property by which sessions are grouped.")]
MaxGroups = Annotated[
    int | None,
    strawberry.argument(description="The highest number of groups, at most 1000; 100 if it is left out."),
]
