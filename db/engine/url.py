"""Database URLs."""

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from db.engine.errors import UnusableDatabase


def parse_url(url: str) -> URL:
    """Parse a database URL. Raises UnusableDatabase if it is malformed."""
    try:
        return make_url(url)
    except ArgumentError as error:
        raise UnusableDatabase(
            "The database URL is malformed; an example is sqlite+aiosqlite:///cartograph.db"
        ) from error
