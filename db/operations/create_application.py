"""createApplication: a new owner of sessions."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import cache
from importlib.resources import files

from iso4217 import Currency
from sqlalchemy import Connection, insert

from db.domain import text
from db.domain.commands import CreateApplication
from db.domain.errors import InvalidInput, Refusal, Refused, quoted
from db.operations.change import to_millisecond
from db.repository.core import APPLICATION

MAX_NAME = 200


def create_application(connection: Connection, command: CreateApplication, now: datetime) -> int:
    """The new application's id. Raises Refused with every rule that is broken."""
    minor_digits = digits_of(command.currency)
    found: list[Refusal] = [*name_problems(command.name), *time_zone_problems(command.time_zone)]
    if minor_digits is None:
        problem = f"{quoted(command.currency)} is not the ISO 4217 code of a currency in use; an example is EUR."
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
        created=to_millisecond(now),
    )
    application_id: int = connection.execute(statement.returning(APPLICATION.c.application_id)).scalar_one()
    return application_id


def digits_of(currency: str) -> int | None:
    """How many decimal places the currency's minor unit has; None where ISO 4217 knows no such currency or no unit."""
    try:
        return Currency(currency).exponent
    except ValueError:
        return None


def name_problems(name: str) -> Sequence[Refusal]:
    """What is wrong with an application's name."""
    return text.problems(name, ("name",), least=1, most=MAX_NAME)


def time_zone_problems(time_zone: str) -> Iterator[Refusal]:
    """What is wrong with a time zone."""
    if time_zone not in time_zones():
        problem = f"{quoted(time_zone)} is not the IANA name of a time zone; an example is Europe/Berlin."
        yield InvalidInput(path=("timeZone",), problem=problem)


@cache
def time_zones() -> frozenset[str]:
    """Every IANA name, by the list that the package tzdata keeps: a machine may have others, of its own making."""
    return frozenset(files("tzdata").joinpath("zones").read_text(encoding="utf-8").split())
