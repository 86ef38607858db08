"""Lists of coupons and referrals: their filter and their orders."""

from dataclasses import dataclass
from typing import Annotated

import strawberry
from sqlalchemy import ColumnElement

from db.domain.promotions.code import PRINTABLE, normalize
from graphql_api.sql.fields import Order
from graphql_api.sql.filter_conditions import BOOLEAN, AnyOf, Equals, FilterCondition, Prefix
from graphql_api.sql.lists import ListDeclaration, filter_field
from graphql_api.sql.request import Getter, Request
from graphql_api.sql.scope import Scope
from graphql_api.sql.source import Columns, Source
from graphql_api.types.sources import COUPONS

COUPON_ORDER = Order("coupon", ("normalized",))
REFERRAL_ORDER = Order("referral", ("normalized",))


@dataclass(frozen=True, slots=True)
class NormalizedCode:
    """Read a code in the form in which codes are compared; None if no code can be equal to it."""

    of: Getter

    def __call__(self, request: Request) -> str | None:
        return normalize(self.of(request))


@dataclass(frozen=True, slots=True)
class NormalizedPrefix:
    """Read the beginning of a code in the form in which codes are compared.

    Codes are printable ASCII. Another character matches none, even if its upper case is ASCII.
    """

    of: Getter

    def __call__(self, request: Request) -> str:
        prefix: str = self.of(request)
        return prefix.lstrip().upper() if PRINTABLE.fullmatch(prefix) else prefix


class CodePrefix(Prefix):
    """The code begins with a text, in upper or lower case."""

    def on(self, scope: Scope, row: Columns, value: Getter) -> ColumnElement[bool]:
        return super().on(scope, row, NormalizedPrefix(value))


class AboveZero(FilterCondition):
    """The column is above 0, or is 0."""

    def on(self, scope: Scope, row: Columns, value: Getter) -> ColumnElement[bool]:
        return row[self.column] > 0 if scope.plan_key(value) else row[self.column] == 0

    def keeps_order(self, scope: Scope, value: Getter) -> bool:
        return not scope.plan_key(value)

    def rank(self, source: Source) -> int:
        return BOOLEAN


@strawberry.input(
    description="Conditions on coupons. A coupon has to meet all that are given; it meets a list if one of the values"
    " fits. A condition that is null or left out is not checked."
)
class CouponFilter:
    code_prefix: str | None = filter_field(
        "The code begins with this text, in upper or lower case.", CodePrefix("normalized")
    )
    batch: str | None = filter_field("The coupon was made or imported in this batch.", Equals("batch"))
    recipient_profile_ids: list[str] | None = filter_field(
        "The coupon is for a customer with one of these integration IDs.", AnyOf("recipient_id")
    )
    used: bool | None = filter_field("Whether the coupon has been used.", AboveZero("used"))


COUPON_LIST = ListDeclaration(COUPONS, CouponFilter, COUPON_ORDER, within=("kind",))

CouponsFilter = Annotated[
    CouponFilter | None,
    strawberry.argument(description="Conditions that the coupons meet. Null or left out: all coupons."),
]
