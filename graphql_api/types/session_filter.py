"""What a filter of sessions demands, in SQL, and by which index each field of it is read."""

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import Boolean, ColumnElement, Select, literal_column, select
from sqlalchemy.types import TypeEngine

from db.domain import money
from db.repository.lists import InList, TextList
from db.tables import CartItemRow, CustomerSessionRow, IdentifierRow
from db.tables.columns import Amount
from graphql_api.errors import BadUserInput
from graphql_api.sql.arguments import Filled, Getter, Single, Within
from graphql_api.sql.fields import Order
from graphql_api.sql.filter_strategy import Aside, Probed, Way
from graphql_api.sql.global_ids import Columns, Source
from graphql_api.sql.scope import Scope

Condition = Callable[[Scope, Columns, Getter], ColumnElement[bool]]


def filtered(scope: Scope, session: Columns, but: str | None = None) -> list[ColumnElement[bool]]:
    """What the filter demands of a session, but for one of its fields."""
    given = scope.argument("filter")
    return [CONDITIONS[name](scope, session, Within(given, name)) for name in scope.look(Filled(given)) if name != but]


def one_of(column: str) -> Condition:
    """A column with any of the listed values. One value is compared as such: an index then keeps the order, too."""

    def condition(scope: Scope, session: Columns, field: Getter) -> ColumnElement[bool]:
        return any_of(scope, session[column], field)

    return condition


def any_of(scope: Scope, column: ColumnElement[Any], field: Getter) -> ColumnElement[bool]:
    """Whether a column has any of the listed values."""
    if scope.look(Single(field)):
        return column == scope.bind(lambda request: field(request)[0], column.type)
    return InList(column, scope.bind(field, TextList()))


def held_in(row: type[IdentifierRow] | type[CartItemRow], column: str) -> Condition:
    """A session with a row of another table that has any of the listed values."""

    def condition(scope: Scope, session: Columns, field: Getter) -> ColumnElement[bool]:
        table = scope.trace.alias(Source(row))
        found: Select[Any] = select(literal_column("1")).where(
            table.c.application_id == session["application_id"],
            table.c.session_id == session["id"],
            any_of(scope, table.c[column], field),
        )
        return Probed(found.correlate_except(table))

    return condition


def between(column: str, least: str, most: str, *, inclusive: bool) -> Condition:
    """A column in a span, either end of which may be left open."""

    def condition(scope: Scope, session: Columns, field: Getter) -> ColumnElement[bool]:
        low, high, here = Within(field, least), Within(field, most), session[column]
        filled = scope.look(Filled(field))
        type_: TypeEngine[Any] = here.type
        value = storable if isinstance(type_, Amount) else same
        found: ColumnElement[bool] = here.is_not(None)
        if least in filled:
            found &= here >= scope.bind(value(low), type_)
        if most in filled:
            found &= here <= scope.bind(value(high), type_) if inclusive else here < scope.bind(value(high), type_)
        return found

    return condition


def storable(amount: Getter) -> Getter:
    """An amount that a session can have. Raises BadUserInput on any other."""

    def checked(request: Any) -> Any:
        given = amount(request)
        for refusal in money.problems(given, ()):
            raise BadUserInput(f"An amount of the filter: {refusal.message}")
        return given

    return checked


def same(field: Getter) -> Getter:
    """The value as it is."""
    return field


def prefixed(scope: Scope, session: Columns, field: Getter) -> ColumnElement[bool]:
    """An integration ID that begins with a text: from that text up to the first that does not."""
    column = session["integration_id"]
    found = column >= scope.bind(field, column.type)
    if scope.look(lambda request: successor(field(request)) is None):
        return found
    return found & (column < scope.bind(lambda request: successor(field(request)), column.type))


def successor(prefix: str) -> str | None:
    """The smallest text, by code point, that is greater than all that begin with a prefix; None where there is none."""
    stem = prefix.rstrip("\U0010ffff")
    if not stem:
        return None
    following = ord(stem[-1]) + 1
    return stem[:-1] + chr(0xE000 if following == 0xD800 else following)  # no text has a surrogate in it


CONDITIONS: Mapping[str, Condition] = {
    "states": one_of("state"),
    "profileIds": one_of("profile_id"),
    "coupons": one_of("coupon"),
    "referrals": one_of("referral"),
    "identifiers": held_in(IdentifierRow, "identifier"),
    "skus": held_in(CartItemRow, "sku"),
    "integrationIdPrefix": prefixed,
    "firstSession": lambda scope, session, field: session["first_session"] == scope.bind(field, Boolean()),
    "created": between("created", "from", "to", inclusive=False),
    "updated": between("updated", "from", "to", inclusive=False),
    "closed": between("closed", "from", "to", inclusive=False),
    "total": between("total", "min", "max", inclusive=True),
}

# The column of each field, and the table where that is not the session's own. The rarest come first.
COLUMNS: Mapping[str, tuple[type[IdentifierRow] | type[CartItemRow] | type[CustomerSessionRow], str]] = {
    "identifiers": (IdentifierRow, "identifier"),
    "skus": (CartItemRow, "sku"),
    "profileIds": (CustomerSessionRow, "profile_id"),
    "coupons": (CustomerSessionRow, "coupon"),
    "referrals": (CustomerSessionRow, "referral"),
    "integrationIdPrefix": (CustomerSessionRow, "integration_id"),
    "closed": (CustomerSessionRow, "closed"),
    "created": (CustomerSessionRow, "created"),
    "updated": (CustomerSessionRow, "updated"),
    "total": (CustomerSessionRow, "total"),
    "states": (CustomerSessionRow, "state"),
    "firstSession": (CustomerSessionRow, "first_session"),
}
LISTS = ("states", "profileIds", "coupons", "referrals")  # with an index of each value in the order of ``created``


def beside(scope: Scope, order: Order, application: Callable[[Columns], ColumnElement[bool]]) -> Aside | None:
    """What the filter offers where the order's index does not serve all of it."""
    given = scope.argument("filter")
    filled = scope.look(Filled(given))
    fields = {name: Within(given, name) for name in COLUMNS if name in filled}
    served = [name for name, field in fields.items() if is_served(scope, name, field, order.columns[0])]
    if not fields or next(iter(fields)) in served:  # the index of the order finds few enough rows by itself
        return None

    def way(name: str) -> Way:
        return Way(
            lambda: fitting(scope, name, fields[name], application),
            COLUMNS[name][0] is not CustomerSessionRow,
            lambda session: [application(session), *filtered(scope, session, but=name)],
        )

    ways = [way(name) for name in fields if name not in served]
    return Aside(application, ways, [COLUMNS[name][1] for name in served])


def is_served(scope: Scope, name: str, field: Getter, order: str) -> bool:
    """Whether an index has the order behind the field, or the field is about what the order is of."""
    _, column = COLUMNS[name]
    if order == "created" and name in LISTS:
        return bool(scope.look(Single(field)))
    return column == order or (order == "created" and name == "firstSession")


def fitting(
    scope: Scope, name: str, field: Getter, application: Callable[[Columns], ColumnElement[bool]]
) -> Select[Any]:
    """The ids of the sessions that fit one field, by its own index."""
    row, column = COLUMNS[name]
    table = scope.trace.alias(Source(row))
    if row is CustomerSessionRow:
        found = select(table.c.id).where(application(table.c), CONDITIONS[name](scope, table.c, field))
    else:
        found = select(table.c.session_id).where(application(table.c), any_of(scope, table.c[column], field))
    return found.correlate_except(table)
