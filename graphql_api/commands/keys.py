"""cartograph create-application, cartograph create-key, cartograph keys, cartograph revoke-key."""

import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from db.domain.attribute_definition import UnknownAttributes
from db.domain.money import RoundingMode
from db.domain.times import format_time, parse_time
from graphql_api.commands.database import APPLICATION, on_database, with_database
from graphql_api.settings import load_settings

if TYPE_CHECKING:  # SQLAlchemy is slow to import
    from db.engine.database import Database
    from db.operations.keys import Key, KeyName


def expiry(text: str) -> datetime:
    """Return a time in RFC 3339 format in UTC. Raises BadParameter."""
    parsed = parse_time(text)
    try:
        in_utc = parsed and parsed.astimezone(UTC)
    except OverflowError:  # before year 1 or after year 9999 in UTC
        in_utc = None
    if in_utc is None:
        raise typer.BadParameter("Expected a time such as 2030-01-31T12:00:00Z.")
    return in_utc


def create_application(
    name: Annotated[str, typer.Argument(help="Name of the application, of 1 to 200 characters.")],
    currency: Annotated[str, typer.Option(help="Currency of its amounts, an ISO 4217 code such as EUR.")],
    time_zone: Annotated[str, typer.Option(help="IANA time zone, such as Europe/Berlin.")] = "UTC",
    rounding_mode: Annotated[
        RoundingMode, typer.Option(case_sensitive=False, help="Rounding of amounts to the currency's precision.")
    ] = RoundingMode.HALF_UP,
    unknown_attributes: Annotated[
        UnknownAttributes, typer.Option(case_sensitive=False, help="Handling of attributes without a definition.")
    ] = UnknownAttributes.REJECT,
) -> None:
    """Create an application, which owns sessions and API keys."""
    from db.domain.commands import CreateApplication
    from db.operations import applications

    command = CreateApplication(
        name=name,
        currency=currency,
        time_zone=time_zone,
        rounding_mode=rounding_mode,
        unknown_attributes=unknown_attributes,
    )
    made = on_database(load_settings(), applications.create_application, command, datetime.now(UTC))
    print_json({"applicationId": made, "name": name, "currency": currency})


def create_key(
    name: Annotated[str, typer.Argument(help="Name of the key, which the events of a session record.")],
    role: Annotated[
        Literal["reader", "writer", "admin"], typer.Option(case_sensitive=False, help="Permissions of the key.")
    ],
    application: Annotated[
        int | None, typer.Option(**APPLICATION, help="ID of its application; an admin key has none.")
    ] = None,
    expires: Annotated[
        datetime | None,
        typer.Option(parser=expiry, metavar="TIME", help="Expiry, such as 2030-01-31T12:00:00Z; omit it for never."),
    ] = None,
) -> None:
    """Create an API key and print it. It cannot be printed again."""
    from db.domain.commands import CreateKey
    from db.operations import keys
    from db.operations.keys import KeyName

    command = CreateKey(application_id=application, name=name, role=role, expires=expires)
    made = on_database(load_settings(), keys.create_key, command, datetime.now(UTC))
    print_json(
        {
            "id": key_id(KeyName(application or 0, made.prefix)),
            "key": made.secret,
            "prefix": made.prefix,
            "name": name,
            "role": role.upper(),
            "applicationId": application,
            "expires": expires and format_time(expires),
        }
    )


def list_keys() -> None:
    """Print all API keys, one a line as JSON, without their secrets."""
    from db.operations import keys
    from db.operations.keys import KeyName

    async def found(database: "Database") -> "Sequence[Key]":
        return await database.query(keys.all_keys)

    for key in with_database(load_settings(), found):
        print_json(
            {
                "id": key_id(KeyName(key.application_id, key.prefix)),
                "prefix": key.prefix,
                "name": key.name,
                "role": key.role.name,
                "applicationId": key.application_id or None,
                **{
                    name: time and format_time(time)
                    for name, time in (
                        ("created", key.created),
                        ("expires", key.expires),
                        ("revoked", key.revoked),
                        ("lastUsed", key.last_used),
                    )
                },
            }
        )


def revoke_key(id: Annotated[str, typer.Argument(help="ID of the key, as create-key and keys print it.")]) -> None:
    """Revoke an API key: within seconds every server refuses it, and the session tokens made with it."""
    from db.operations import keys

    found = re.fullmatch(r"key-(\d{1,9})-((?:[0-9a-f]{2})+)", id, re.ASCII)
    if found is None:
        raise typer.BadParameter(f"{id!r} is not the ID of a key; cartograph keys prints them.")
    prefix = bytes.fromhex(found[2]).decode(errors="replace")
    on_database(load_settings(), keys.revoke_key, int(found[1]), prefix, datetime.now(UTC))
    typer.echo(f"{id} is revoked.")


def key_id(key: "KeyName") -> str:
    """Return the global ID of a key, as revokeKey takes it."""
    return f"key-{key.application_id}-{key.prefix.encode().hex()}"


def print_json(value: dict[str, Any]) -> None:
    """Print one line of JSON."""
    typer.echo(json.dumps(value, ensure_ascii=False))
