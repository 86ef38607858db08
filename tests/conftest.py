"""Fixtures: a database for each test, copied from a migrated one, and an application or a server on it."""

import asyncio
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, settings
from shop import Shop, open_shop
from stores import Files, Server, Store, migrate, path_of

from db.engine import open_database
from db.engine.database import Database
from graphql_api.settings import PREFIX

if TYPE_CHECKING:
    from api_server import Api
    from customers import Customers
    from process import Process

# The time that an example takes depends on the machine.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")


# The directories whose tests run on partitioned tables: they contain every statement of a change, and nearly all reads.
STORES = {
    "engine": ("sqlite", "postgresql", "partitioned"),
    "operations": ("sqlite", "postgresql", "partitioned"),
    "events": ("sqlite", "partitioned"),
    "reference": ("sqlite", "partitioned"),
    "live": ("sqlite", "partitioned"),
}


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add ``--postgresql serializable``, which runs all tests for PostgreSQL on one kind of server."""
    kinds = ["postgresql", "partitioned", "serializable"]
    parser.addoption("--postgresql", choices=kinds, help="the kind of server that all tests on PostgreSQL run on")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run every test that uses a store on both databases."""
    asked = any("store" in mark.args[0] for mark in metafunc.definition.iter_markers("parametrize"))
    if "store" in metafunc.fixturenames and not asked:
        stores = STORES.get(metafunc.definition.path.parent.name, ("sqlite", "postgresql"))
        if kind := metafunc.config.getoption("postgresql"):
            stores = ("sqlite", kind)
        metafunc.parametrize("store", stores, indirect=True, scope="session")


@pytest.fixture(scope="session")
def store(request: pytest.FixtureRequest) -> Store:
    """The place where databases are created: SQLite files, or a PostgreSQL server."""
    names = {"sqlite": "files", "postgresql": "server"}
    store: Store = request.getfixturevalue(names.get(request.param, request.param))
    return store


@pytest.fixture(scope="session")
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    """SQLite files."""
    return Files(tmp_path_factory.mktemp("files"))


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """A PostgreSQL server."""
    server = Server()
    yield server
    server.close()


@pytest.fixture(scope="session")
def partitioned() -> Iterator[Server]:
    """A PostgreSQL server with partitioned tables."""
    server = Server(partitions=3)
    yield server
    server.close()


@pytest.fixture(scope="session")
def serializable() -> Iterator[Server]:
    """A PostgreSQL server whose default isolation level is serializable."""
    server = Server(default_transaction_isolation="serializable")
    yield server
    server.close()


@cache  # pytest-xdist runs file by file, and pytest ends a parametrized fixture each time that its parameter changes
def migrated_template(store: Store) -> str:
    """Create a database with all tables and no rows."""
    url = store.empty()
    asyncio.run(migrate(url, store.partitions))
    return url


@cache  # as above
def seeded_template(store: Store) -> tuple[str, dict[str, str]]:
    """Create a database with two applications and keys of every role. Returns its URL, and the keys by name."""
    from api_server import seed  # noqa: PLC0415  # tests of the domain start without a server

    url = store.copy(migrated_template(store))
    return url, asyncio.run(seed(url))


@pytest.fixture(scope="session")
def migrated(store: Store) -> str:
    """A database with all tables and no rows, to be copied."""
    return migrated_template(store)


@pytest.fixture
def url(store: Store, migrated: str) -> Iterator[str]:
    """A database with all tables and no rows."""
    url = store.copy(migrated)
    yield url
    store.release(url)


@pytest.fixture
def own_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory for commands, without ``CARTOGRAPH_`` variables."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith(PREFIX)]:
        monkeypatch.delenv(name)
    return tmp_path


@pytest.fixture
def empty_url(store: Store) -> Iterator[str]:
    """A database without tables."""
    url = store.empty()
    yield url
    store.drop(url)


@pytest.fixture
def own_database(own_directory: Path, empty_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """A database without tables, in ``CARTOGRAPH_DATABASE_URL`` for commands."""
    monkeypatch.setenv(f"{PREFIX}DATABASE_URL", empty_url)
    return empty_url


@pytest.fixture
def runner() -> Iterator[asyncio.Runner]:
    """One event loop for the whole test."""
    with asyncio.Runner() as runner:
        yield runner


@pytest.fixture
def database(runner: asyncio.Runner, url: str) -> Iterator[Database]:
    """An open database with all tables and no rows."""
    database = runner.run(open_database(url))
    yield database
    runner.run(database.close())


@pytest.fixture
def shop(runner: asyncio.Runner, database: Database) -> Shop:
    """An application whose currency is the euro."""
    return open_shop(runner, database)


@pytest.fixture(scope="session")
def migrated_file(files: Files) -> str:
    """An SQLite database with all tables and no rows, to be copied."""
    return migrated_template(files)


@pytest.fixture
def file_url(files: Files, migrated_file: str) -> str:
    """An SQLite database with all tables and no rows."""
    return files.copy(migrated_file)


@pytest.fixture
def shop_in_a_file(runner: asyncio.Runner, file_url: str) -> Iterator[Shop]:
    """An application whose currency is the euro, on SQLite."""
    database = runner.run(open_database(file_url))
    yield open_shop(runner, database)
    runner.run(database.close())


@pytest.fixture(scope="session")
def seeded(store: Store) -> tuple[str, dict[str, str]]:
    """A database with two applications and keys of every role, to be copied, and the keys by name."""
    return seeded_template(store)


@pytest.fixture
def serve(runner: asyncio.Runner, store: Store, seeded: tuple[str, dict[str, str]]) -> Iterator[Callable[..., "Api"]]:
    """Serve the API with the given settings until the test ends."""
    from api_server import Api  # noqa: PLC0415  # as above

    with ExitStack() as opened:

        def serve(**settings: Any) -> Api:
            url = store.copy(seeded[0])
            opened.callback(store.release, url)
            return opened.enter_context(Api(runner, url, seeded[1], **settings))

        yield serve


@pytest.fixture
def api(serve: Callable[..., "Api"]) -> "Api":
    """The API with the default settings."""
    return serve()


@pytest.fixture(scope="module")
def shared_api(store: Store, seeded: tuple[str, dict[str, str]]) -> Iterator["Api"]:
    """The API, served once for all tests of a module; they must not change its data."""
    from api_server import Api  # noqa: PLC0415  # as above

    url = store.copy(seeded[0])
    with asyncio.Runner() as runner, Api(runner, url, seeded[1]) as api:
        yield api
    store.release(url)


@pytest.fixture(scope="session")
def seeded_file(files: Files) -> tuple[str, dict[str, str]]:
    """A database with two applications and keys of every role, to be copied, on SQLite."""
    return seeded_template(files)


@pytest.fixture
def serve_file(
    runner: asyncio.Runner, files: Files, seeded_file: tuple[str, dict[str, str]]
) -> Iterator[Callable[..., "Api"]]:
    """Serve the API on SQLite with the given settings until the test ends."""
    from api_server import Api  # noqa: PLC0415  # as above

    with ExitStack() as opened:

        def serve(**settings: Any) -> Api:
            return opened.enter_context(Api(runner, files.copy(seeded_file[0]), seeded_file[1], **settings))

        yield serve


@pytest.fixture
def process(own_directory: Path, seeded_file: tuple[str, dict[str, str]]) -> Iterator["Process"]:
    """A process of ``cartograph serve`` on ``cartograph.db``."""
    from process import serving  # noqa: PLC0415  # as above

    shutil.copy(path_of(seeded_file[0]), own_directory / "cartograph.db")
    with serving("--port", "0") as process:
        yield process


@pytest.fixture
def customers(process: "Process", seeded_file: tuple[str, dict[str, str]]) -> "Customers":
    """Clients of that process."""
    from customers import Customers  # noqa: PLC0415  # as above
    from process import address  # noqa: PLC0415  # as above

    return Customers(address(process), seeded_file[1]["writer"])
