"""Operations on applications, which own sessions, profiles and keys."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

from iso4217 import Currency
from sqlalchemy import Connection, case, func, insert, select, update

from db.domain import text
from db.domain.commands import UNSET, CreateApplication, UpdateApplication
from db.domain.errors import InvalidInput, Refusal, Refused, quote
from db.domain.times import truncate_to_millisecond
from db.repository.applications import load_rules
from db.repository.core import APPLICATION, SESSION

MAX_NAME = 200


def create_application(connection: Connection, command: CreateApplication, now: datetime) -> int:
    """Create an application and return its ID. Raises Refused with every rule that is broken."""
    minor_digits = minor_digits_of(command.currency)
    found: list[Refusal] = [*name_problems(command.name), *time_zone_problems(command.time_zone)]
    if minor_digits is None:
        problem = f"{quote(command.currency)} is not the ISO 4217 code of a currency in use; an example is EUR."
        found.append(InvalidInput(path=("currency",), problem=problem))
    if found:
        raise Refused(*found)
    statement = insert(APPLICATION).values(
        name=command.name,
        currency=command.currency,
        minor_digits=minor_digits,
        time_zone=command.time_zone,
        rounding_mode=command.rounding_mode,
        unknown_attributes=command.unknown_attributes,
        created=truncate_to_millisecond(now),
    )
    application_id: int = connection.execute(statement.returning(APPLICATION.c.application_id)).scalar_one()
    return application_id


def minor_digits_of(currency: str) -> int | None:
    """Return the decimal places of a currency's minor unit; None for an unknown currency or one without minor unit."""
    try:
        return Currency(currency).exponent
    except ValueError:
        return None


def name_problems(name: str) -> Sequence[Refusal]:
    """Return the refusal of an application's name."""
    return text.problems(name, ("name",), min_length=1, max_length=MAX_NAME)


def time_zone_problems(time_zone: str) -> Iterator[Refusal]:
    """Yield the refusal of a time zone."""
    if time_zone not in time_zones():
        problem = f"{quote(time_zone)} is not the IANA name of a time zone; an example is Europe/Berlin."
        yield InvalidInput(path=("timeZone",), problem=problem)


@cache
def time_zones() -> frozenset[str]:
    """The IANA names, from the package tzdata: the operating system's own list may contain other names."""
    return frozenset(files("tzdata").joinpath("zones").read_text(encoding="utf-8").split())


def update_application(connection: Connection, command: UpdateApplication) -> None:
    """Change settings. Raises Refused with NotFound, or with every rule that is broken."""
    load_rules(connection, command.application_id)
    given = {
        "name": command.name,
        "time_zone": command.time_zone,
        "unknown_attributes": command.unknown_attributes,
    }
    found: list[Refusal] = []
    if command.name is not UNSET:
        found.extend(name_problems(command.name))
    if command.time_zone is not UNSET:
        found.extend(time_zone_problems(command.time_zone))
    if found:
        raise Refused(*found)
    new: dict[str, Any] = {name: value for name, value in given.items() if value is not UNSET}
    if command.time_zone is not UNSET:  # it decides the periods of limits, so it is part of what is cached
        version = APPLICATION.c.campaigns_version
        new["campaigns_version"] = case((version > 0, version + 1), else_=0)
    if new:
        connection.execute(update(APPLICATION).filter_by(application_id=command.application_id).values(new))


class Calendar(NamedTuple):
    """The time zone of an application, and the years in UTC of its sessions, with one more at each end."""

    time_zone: str
    first_year: int
    last_year: int


def read_calendar(connection: Connection, application_id: int) -> Calendar:
    """Return the calendar of an application; that of UTC if there is none."""
    times = (func.min(SESSION.c.created), func.max(SESSION.c.created), func.max(SESSION.c.closed))
    found = (select(each).where(SESSION.c.application_id == application_id).scalar_subquery() for each in times)
    time_zone = select(APPLICATION.c.time_zone).where(APPLICATION.c.application_id == application_id).scalar_subquery()
    zone, *moments = connection.execute(select(time_zone, *found)).one()
    years = [each.year for each in moments if each is not None] or [1970]
    return Calendar(zone or "UTC", min(years) - 1, max(years) + 1)
