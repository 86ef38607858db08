"""Session conditions: filters that a rule applies to a session."""

from collections.abc import Callable
from typing import Any

from db.domain import money
from db.domain.attribute_definition import AttributeEntity
from db.domain.money import PLACES
from db.domain.promotions.attribute_test import compile_attributes, show_optional
from db.domain.promotions.basket import Basket
from db.domain.promotions.facts import ProfileFacts
from db.domain.promotions.failure import Check, Failure, check_all, show, show_list
from db.domain.promotions.hours import compile_hours
from db.domain.promotions.input_reader import InputReader, Path
from db.domain.promotions.line_filter import compile_line_filter, match_all
from db.domain.promotions.ranges import amount_range, count_range

# The order of the schema: the first field that fails is the reason.
FIELDS = (
    "total",
    "net",
    "cart",
    "profileIds",
    "firstSession",
    "profile",
    "attributes",
    "identifiers",
    "hours",
    "anyOf",
    "not",
)

Condition = Callable[[Basket], Failure | None]


def compile_condition(reader: InputReader, value: Any, path: Path, depth: int = 1) -> Condition:
    """Compile a SessionConditionInput to a check of a basket: all fields that are set have to hold."""
    if reader.is_too_deep(depth, path):
        return check_all([])
    given = reader.fields(value, path, FIELDS)
    return check_all([compile_field(reader, name, each, (*path, name), depth) for name, each in given.items()])


def compile_field(reader: InputReader, name: str, value: Any, path: Path, depth: int) -> Condition:
    """Compile one field of a condition."""
    match name:
        case "total":
            total = amount_range(reader, value, path)
            return lambda basket: total(basket.total)
        case "net":
            net = amount_range(reader, value, path)
            return lambda basket: net(basket.net)
        case "cart":
            return check_all([compile_cart(reader, each, at, depth) for each, at in reader.items(value, path)])
        case "firstSession":
            return compile_first_session(reader, value, path)
        case "profileIds" | "identifiers":
            return compile_ids(reader, name, value, path)
        case "profile":
            profile = compile_profile(reader, value, path)
            return lambda basket: profile(basket.session.profile)
        case "attributes":
            attributes = compile_attributes(reader, value, path, AttributeEntity.CUSTOMER_SESSION)
            return lambda basket: attributes(basket.session.attributes)
        case "hours":
            hours = compile_hours(reader, value, path)
            return lambda basket: hours(basket.local)
        case "anyOf":
            return compile_any_of(reader, value, path, depth)
        case _:
            negated = compile_condition(reader, value, path, depth + 1)
            return lambda basket: None if negated(basket) else Failure(path)


def compile_cart(reader: InputReader, value: Any, path: Path, depth: int) -> Condition:
    """Compile a CartConditionInput: the units or the gross amount of the lines that match.

    With neither ``units`` nor ``amount`` one line has to match.
    """
    given = reader.fields(value, path, ("lines", "units", "amount"))
    lines_path = (*path, "lines")
    select = compile_line_filter(reader, given["lines"], lines_path, depth) if "lines" in given else match_all
    units = count_range(reader, given["units"], (*path, "units")) if "units" in given else None
    amount = amount_range(reader, given["amount"], (*path, "amount")) if "amount" in given else None

    def check(basket: Basket) -> Failure | None:
        positions = select(basket.lines, basket.positions)
        failure = None
        if units is not None:
            failure = units(sum([basket.quantities[i] for i in positions]))
        if failure is None and amount is not None:
            failure = amount(money.from_units(sum([basket.gross[i] for i in positions]), PLACES))
        if units is None and amount is None and not positions:
            failure = Failure(lines_path, "1", "0")
        return failure

    return check


def compile_first_session(reader: InputReader, value: Any, path: Path) -> Condition:
    """Compile a test whether the session is the first of its profile."""
    reader.leaves += 1
    wanted = reader.boolean(value, path)
    failure = Failure(path, show(wanted), show(not wanted))
    return lambda basket: None if basket.session.first_session is wanted else failure


def compile_ids(reader: InputReader, name: str, value: Any, path: Path) -> Condition:
    """Compile a list of profile IDs or identifiers, of which the session has to have one."""
    texts = reader.texts(value, path)
    wanted, needed = frozenset(texts), show_list(texts)

    def check_profile_id(basket: Basket) -> Failure | None:
        profile_id = basket.session.profile_id
        return None if profile_id in wanted else Failure(path, needed, show_optional(profile_id))

    def check_identifiers(basket: Basket) -> Failure | None:
        identifiers = basket.session.identifiers
        if not wanted.isdisjoint(identifiers):
            return None
        return Failure(path, needed, show_list(identifiers) if identifiers else None)

    return check_profile_id if name == "profileIds" else check_identifiers


def compile_profile(reader: InputReader, value: Any, path: Path) -> Check:
    """Compile a ProfileConditionInput. It fails for a guest, even if no field is set."""
    given = reader.fields(value, path, ("closedSessions", "totalSales", "attributes"))
    checks: list[Check] = []
    if "closedSessions" in given:
        closed_sessions = count_range(reader, given["closedSessions"], (*path, "closedSessions"))
        checks.append(lambda profile: closed_sessions(profile and profile.closed_sessions))
    if "totalSales" in given:
        total_sales = amount_range(reader, given["totalSales"], (*path, "totalSales"))
        checks.append(lambda profile: total_sales(profile and profile.total_sales))
    if "attributes" in given:
        at = (*path, "attributes")
        attributes = compile_attributes(reader, given["attributes"], at, AttributeEntity.CUSTOMER_PROFILE)
        checks.append(lambda profile: attributes(profile and profile.attributes))

    def check_profile(profile: ProfileFacts | None) -> Failure | None:
        return None if profile else Failure(path)

    return check_all([*checks, check_profile])


def compile_any_of(reader: InputReader, value: Any, path: Path, depth: int) -> Condition:
    """Compile a list of conditions of which one has to hold. The reason is the first one's."""
    checks = [compile_condition(reader, each, at, depth + 1) for each, at in reader.items(value, path)]

    def check(basket: Basket) -> Failure | None:
        first = None
        for each in checks:
            failure = each(basket)
            if failure is None:
                return None
            first = first or failure
        return first or Failure(path)

    return check
