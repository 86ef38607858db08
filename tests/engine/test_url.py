"""Database URLs."""

import asyncio

import pytest
from stores import Server

from db.engine import open_database
from db.engine.errors import UnusableDatabase
from db.engine.url import parse_url


@pytest.mark.parametrize("scheme", ["postgres", "postgresql"])
def test_database_is_opened_by_a_url_as_libpq_takes_it(runner: asyncio.Runner, server: Server, scheme: str) -> None:
    url = server.empty()
    database = runner.run(open_database(url.replace("postgresql+asyncpg", scheme, 1)))
    assert database.dialect.name == "postgresql"
    runner.run(database.close())
    server.drop(url)


def test_url_of_another_driver_stays_as_it_is() -> None:
    assert str(parse_url("sqlite+aiosqlite:///shop.db")) == "sqlite+aiosqlite:///shop.db"


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("nonsense", "The database URL is malformed; an example is sqlite+aiosqlite:///cartograph.db"),
        ("postgres://db:port/shop", "The database URL is malformed; an example is sqlite+aiosqlite:///cartograph.db"),
        (
            "mysql://db/shop",
            "The driver 'mysql' is not supported; use sqlite+aiosqlite:///FILE"
            " or postgresql://USER:PASSWORD@HOST/DATABASE",
        ),
        (
            "postgres://db/shop?sslmode=require",
            "The database URL has the unsupported parameter sslmode; the TLS mode is a setting of its own.",
        ),
        ("postgres://db/shop?channel_binding=1", "The database URL has the unsupported parameter channel_binding."),
    ],
)
def test_unusable_url_is_refused_with_the_reason(runner: asyncio.Runner, url: str, problem: str) -> None:
    with pytest.raises(UnusableDatabase) as refused:
        runner.run(open_database(url))
    assert str(refused.value) == problem
