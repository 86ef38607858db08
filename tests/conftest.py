"""What tests stand on: a database of their own, a copy of one that has been migrated, and a shop in it."""

import asyncio
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, settings
from shop import Shop

from db import migrations
from db.domain.commands import CreateApplication
from db.engine import Database, open_database
from db.operations import create_application
from graphql_api.settings import PREFIX

if TYPE_CHECKING:
    from customers import Customers
    from process import Process
    from served import Api

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
def own_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where commands make ``cartograph.db``: a directory of the test's own, with no variable of ours set."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith(PREFIX)]:
        monkeypatch.delenv(name)
    return tmp_path


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


@pytest.fixture(scope="session")
def furnished(migrated: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """An SQLite file with two applications and keys of every role, and the keys by name."""
    from served import furnish  # noqa: PLC0415  # tests of the domain start without a server

    path = Path(shutil.copy(migrated, tmp_path_factory.mktemp("furnished")))
    return path, asyncio.run(furnish(path))


@pytest.fixture
def serve(
    runner: asyncio.Runner, furnished: tuple[Path, dict[str, str]], tmp_path: Path
) -> Iterator[Callable[..., "Api"]]:
    """Serves the API with the settings that a test asks for; closed when the test ends."""
    from served import Api  # noqa: PLC0415  # as above

    with ExitStack() as opened:

        def serve(**settings: Any) -> Api:
            path = Path(shutil.copy(furnished[0], tmp_path))
            return opened.enter_context(Api(runner, path, furnished[1], **settings))

        yield serve


@pytest.fixture
def api(serve: Callable[..., "Api"]) -> "Api":
    """The API as it is served where nothing is set."""
    return serve()


@pytest.fixture(scope="module")
def shared_api(furnished: tuple[Path, dict[str, str]], tmp_path_factory: pytest.TempPathFactory) -> Iterator["Api"]:
    """The API, served once for all tests of a module that leave it as it was."""
    from served import Api  # noqa: PLC0415  # as above

    path = Path(shutil.copy(furnished[0], tmp_path_factory.mktemp("shared")))
    with asyncio.Runner() as runner, Api(runner, path, furnished[1]) as api:
        yield api


@pytest.fixture
def process(own_directory: Path, furnished: tuple[Path, dict[str, str]]) -> Iterator["Process"]:
    """``cartograph serve`` in a process of its own, on ``cartograph.db``."""
    from process import serving  # noqa: PLC0415  # as above

    shutil.copy(furnished[0], own_directory / "cartograph.db")
    with serving("--port", "0") as process:
        yield process


@pytest.fixture
def customers(process: "Process", furnished: tuple[Path, dict[str, str]]) -> "Customers":
    """Customers of that server."""
    from customers import Customers  # noqa: PLC0415  # as above
    from process import address  # noqa: PLC0415  # as above

    return Customers(address(process), furnished[1]["writer"])
