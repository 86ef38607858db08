"""Database URLs."""

from collections.abc import Mapping

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from db.engine.errors import UnusableDatabase

# Hosting providers name the server by libpq's schemes.
DRIVERS: Mapping[str, str] = {"postgres": "postgresql+asyncpg", "postgresql": "postgresql+asyncpg"}


def parse_url(url: str) -> URL:
    """Parse a database URL. Raises UnusableDatabase if it is malformed."""
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError) as error:  # ValueError: the port is not a number
        raise UnusableDatabase(
            "The database URL is malformed; an example is sqlite+aiosqlite:///cartograph.db"
        ) from error
    return parsed.set(drivername=DRIVERS.get(parsed.drivername, parsed.drivername))
