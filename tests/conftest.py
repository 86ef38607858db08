"""What tests stand on: a database of their own, a copy of one that has been migrated, and a shop in it."""

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
    from customers import Customers
    from process import Process
    from served import Api

# How long an example takes tells of the machine, not of the code.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")


# What of the tests on PostgreSQL runs on tables in partitions: every statement of a change, and most reads.
STORES = {
    "operations": ("sqlite", "postgresql", "partitioned"),
    "reference": ("sqlite", "partitioned"),
    "live": ("sqlite", "partitioned"),
}


def pytest_addoption(parser: pytest.Parser) -> None:
    """``pytest --postgresql serializable`` puts all tests on PostgreSQL on a server of one kind."""
    kinds = ["postgresql", "partitioned", "serializable"]
    parser.addoption("--postgresql", choices=kinds, help="the kind of server that all tests on PostgreSQL run on")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run whatever stands on a store on both databases."""
    asked = any("store" in mark.args[0] for mark in metafunc.definition.iter_markers("parametrize"))
    if "store" in metafunc.fixturenames and not asked:
        stores = STORES.get(metafunc.definition.path.parent.name, ("sqlite", "postgresql"))
        if kind := metafunc.config.getoption("postgresql"):
            stores = ("sqlite", kind)
        metafunc.parametrize("store", stores, indirect=True, scope="session")


@pytest.fixture(scope="session")
def store(request: pytest.FixtureRequest) -> Store:
    """Where databases are kept."""
    names = {"sqlite": "files", "postgresql": "server"}
    kept: Store = request.getfixturevalue(names.get(request.param, request.param))
    return kept


@pytest.fixture(scope="session")
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    """SQLite."""
    return Files(tmp_path_factory.mktemp("files"))


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """PostgreSQL."""
    server = Server()
    yield server
    server.close()


@pytest.fixture(scope="session")
def partitioned() -> Iterator[Server]:
    """PostgreSQL with the big tables in partitions."""
    server = Server(partitions=3)
    yield server
    server.close()


@pytest.fixture(scope="session")
def serializable() -> Iterator[Server]:
    """PostgreSQL where every transaction is serializable unless it says otherwise."""
    server = Server(default_transaction_isolation="serializable")
    yield server
    server.close()


@cache  # pytest-xdist runs file by file, and pytest ends a parametrized fixture each time that its parameter changes
def migrated_template(store: Store) -> str:
    """Make a database with all tables and no rows."""
    url = store.empty()
    asyncio.run(migrate(url, store.partitions))
    return url


@cache  # as above
def furnished_template(store: Store) -> tuple[str, dict[str, str]]:
    """Make a database with two applications and keys of every role, and the keys by name."""
    from served import furnish  # noqa: PLC0415  # tests of the domain start without a server

    url = store.copy(migrated_template(store))
    return url, asyncio.run(furnish(url))


@pytest.fixture(scope="session")
def migrated(store: Store) -> str:
    """A database with all tables and no rows, to be copied."""
    return migrated_template(store)


@pytest.fixture
def url(store: Store, migrated: str) -> Iterator[str]:
    """A database with all tables and no rows."""
    url = store.copy(migrated)
    yield url
    store.take_back(url)


@pytest.fixture
def own_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where commands make ``cartograph.db``: a directory of the test's own, with no variable of ours set."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith(PREFIX)]:
        monkeypatch.delenv(name)
    return tmp_path


@pytest.fixture
def empty_url(store: Store) -> Iterator[str]:
    """A database in which nothing is."""
    url = store.empty()
    yield url
    store.drop(url)


@pytest.fixture
def own_database(own_directory: Path, empty_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """Such a one for commands, on either database, in place of ``cartograph.db``."""
    monkeypatch.setenv(f"{PREFIX}DATABASE_URL", empty_url)
    return empty_url


@pytest.fixture
def runner() -> Iterator[asyncio.Runner]:
    """One event loop for the whole of a test."""
    with asyncio.Runner() as runner:
        yield runner


@pytest.fixture
def database(runner: asyncio.Runner, url: str) -> Iterator[Database]:
    """A database with all tables and no rows, open."""
    database = runner.run(open_database(url))
    yield database
    runner.run(database.close())


@pytest.fixture
def shop(runner: asyncio.Runner, database: Database) -> Shop:
    """An application in euros."""
    return open_shop(runner, database)


@pytest.fixture(scope="session")
def migrated_file(files: Files) -> str:
    """An SQLite database with all tables and no rows, to be copied."""
    return migrated_template(files)


@pytest.fixture
def file_url(files: Files, migrated_file: str) -> str:
    """Such a copy."""
    return files.copy(migrated_file)


@pytest.fixture
def shop_in_a_file(runner: asyncio.Runner, file_url: str) -> Iterator[Shop]:
    """An application in euros there."""
    database = runner.run(open_database(file_url))
    yield open_shop(runner, database)
    runner.run(database.close())


@pytest.fixture(scope="session")
def furnished(store: Store) -> tuple[str, dict[str, str]]:
    """A database with two applications and keys of every role, to be copied, and the keys by name."""
    return furnished_template(store)


@pytest.fixture
def serve(
    runner: asyncio.Runner, store: Store, furnished: tuple[str, dict[str, str]]
) -> Iterator[Callable[..., "Api"]]:
    """Serves the API with the settings that a test asks for; closed when the test ends."""
    from served import Api  # noqa: PLC0415  # as above

    with ExitStack() as opened:

        def serve(**settings: Any) -> Api:
            url = store.copy(furnished[0])
            opened.callback(store.take_back, url)
            return opened.enter_context(Api(runner, url, furnished[1], **settings))

        yield serve


@pytest.fixture
def api(serve: Callable[..., "Api"]) -> "Api":
    """The API as it is served where nothing is set."""
    return serve()


@pytest.fixture(scope="module")
def shared_api(store: Store, furnished: tuple[str, dict[str, str]]) -> Iterator["Api"]:
    """The API, served once for all tests of a module that leave it as it was."""
    from served import Api  # noqa: PLC0415  # as above

    url = store.copy(furnished[0])
    with asyncio.Runner() as runner, Api(runner, url, furnished[1]) as api:
        yield api
    store.take_back(url)


@pytest.fixture(scope="session")
def furnished_file(files: Files) -> tuple[str, dict[str, str]]:
    """The same on SQLite."""
    return furnished_template(files)


@pytest.fixture
def serve_file(
    runner: asyncio.Runner, files: Files, furnished_file: tuple[str, dict[str, str]]
) -> Iterator[Callable[..., "Api"]]:
    """Serves the API on SQLite alone."""
    from served import Api  # noqa: PLC0415  # as above

    with ExitStack() as opened:

        def serve(**settings: Any) -> Api:
            return opened.enter_context(Api(runner, files.copy(furnished_file[0]), furnished_file[1], **settings))

        yield serve


@pytest.fixture
def process(own_directory: Path, furnished_file: tuple[str, dict[str, str]]) -> Iterator["Process"]:
    """``cartograph serve`` in a process of its own, on ``cartograph.db``."""
    from process import serving  # noqa: PLC0415  # as above

    shutil.copy(path_of(furnished_file[0]), own_directory / "cartograph.db")
    with serving("--port", "0") as process:
        yield process


@pytest.fixture
def customers(process: "Process", furnished_file: tuple[str, dict[str, str]]) -> "Customers":
    """Customers of that server."""
    from customers import Customers  # noqa: PLC0415  # as above
    from process import address  # noqa: PLC0415  # as above

    return Customers(address(process), furnished_file[1]["writer"])
