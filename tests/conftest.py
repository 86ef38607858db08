"""What tests stand on: a database of their own, a copy of one that has been migrated, and a shop in it."""

import asyncio
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from shop import Shop

from db import migrations
from db.domain.commands import CreateApplication
from db.engine import Database, open_database
from db.operations import create_application

# How long an example takes tells of the machine, not of the code.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite file with all tables and no rows."""
    path = tmp_path_factory.mktemp("migrated") / "cartograph.db"

    async def make() -> None:
        database = await open_database(f"sqlite+aiosqlite:///{path}")
        await database.write(migrations.upgrade)
        await database.close()

    asyncio.run(make())
    return path


@pytest.fixture
def runner() -> Iterator[asyncio.Runner]:
    """One event loop for the whole of a test."""
    with asyncio.Runner() as runner:
        yield runner


@pytest.fixture
def database(runner: asyncio.Runner, migrated: Path, tmp_path: Path) -> Iterator[Database]:
    """A database with all tables and no rows."""
    path = Path(shutil.copy(migrated, tmp_path))
    database = runner.run(open_database(f"sqlite+aiosqlite:///{path}"))
    yield database
    runner.run(database.close())


@pytest.fixture
def shop(runner: asyncio.Runner, database: Database) -> Shop:
    """An application in euros."""
    application = CreateApplication(name="Shop", currency="EUR")
    return Shop(runner, database, runner.run(database.write(create_application, application, Shop.OPENED)))
