"""cartograph create-application, cartograph create-key."""

import json
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

import typer

from db.domain.attribute_definition import UnknownAttributes
from db.domain.money import RoundingMode
from db.domain.times import format_time, parse_time
from graphql_api.commands.database import APPLICATION, on_database
from graphql_api.settings import load_settings


def moment(text: str) -> datetime:
    """A time as RFC 3339 writes it."""
    parsed = parse_time(text)
    try:
        in_utc = parsed and parsed.astimezone(UTC)
    except OverflowError:  # the first hours of the year 1, or the last of 9999, in another zone
        in_utc = None
    if in_utc is None:
        raise typer.BadParameter("Expected a time such as 2030-01-31T12:00:00Z.")
    return in_utc


def create_application(
    name: Annotated[str, typer.Argument(help="1 to 200 characters.")],
    currency: Annotated[str, typer.Option(help="ISO 4217, such as EUR.")],
    time_zone: Annotated[str, typer.Option(help="IANA name, such as Europe/Berlin.")] = "UTC",
    rounding_mode: Annotated[RoundingMode, typer.Option(case_sensitive=False)] = RoundingMode.HALF_UP,
    unknown_attributes: Annotated[UnknownAttributes, typer.Option(case_sensitive=False)] = UnknownAttributes.REJECT,
) -> None:
    """Make an application, which owns sessions and keys."""
    from db import operations
    from db.domain.commands import CreateApplication

    command = CreateApplication(
        name=name,
        currency=currency,
        time_zone=time_zone,
        rounding_mode=rounding_mode,
        unknown_attributes=unknown_attributes,
    )
    made = on_database(load_settings(), operations.create_application, command, datetime.now(UTC))
    print_json({"applicationId": made, "name": name, "currency": currency})


def create_key(
    name: Annotated[str, typer.Argument(help="Who uses it; the history of a session names it.")],
    role: Annotated[Literal["reader", "writer", "admin"], typer.Option(case_sensitive=False)],
    application: Annotated[
        int | None, typer.Option(**APPLICATION, help="Its application; an ADMIN key has none.")
    ] = None,
    expires: Annotated[datetime | None, typer.Option(parser=moment, metavar="RFC3339")] = None,
) -> None:
    """Make a key and print it: it is shown this once, and kept as a hash."""
    from db import operations
    from db.domain.commands import CreateKey

    command = CreateKey(application_id=application, name=name, role=role, expires=expires)
    made = on_database(load_settings(), operations.create_key, command, datetime.now(UTC))
    print_json(
        {
            "key": made.secret,
            "prefix": made.prefix,
            "name": name,
            "role": role.upper(),
            "applicationId": application,
            "expires": expires and format_time(expires),
        }
    )


def print_json(value: dict[str, Any]) -> None:
    """One line of JSON, for another program to read."""
    typer.echo(json.dumps(value, ensure_ascii=False))
