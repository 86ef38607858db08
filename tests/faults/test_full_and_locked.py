"""A full disk, a locked file and a replaced file: changes fail with UNAVAILABLE, and work again afterwards."""

import asyncio
import sqlite3
from collections.abc import Callable, Iterator
from typing import Any, cast

import pytest
from api_server import Api
from shop import Shop
from sqlalchemy import Connection, Pool, event
from stores import Server, path_of

from db.engine import open_database, sqlite_connections
from db.engine.errors import CannotWrite, DatabaseUnavailable
from db.engine.sqlite import SqliteDatabase
from db.import_export.checking import check_sessions

pytestmark = pytest.mark.alone

CREATE = """mutation($input: CreateSessionInput!) {
  createSession(input: $input) { session { version } errors { message } }
}"""
READ = '{ customerSession(integrationId: "before") { version } }'


def create(api: Api, name: str, lines: int = 1) -> dict[str, Any]:
    """The answer to a session of so many lines."""
    cart = [{"sku": f"sku {number}", "name": "n" * 500, "quantity": 1, "price": "1.00"} for number in range(lines)]
    return api.query(CREATE, {"input": {"integrationId": name, "cartItems": cart}})


def assert_whole(api: Api) -> None:
    """Every session is what its history adds up to."""
    found = api.shop.query(lambda connection: [*check_sessions(connection, 1)])
    assert [each for page in found for each in page.disagreements] == []
    assert sum(page.sessions for page in found) > 0


@pytest.fixture
def room() -> Iterator[Callable[[int], None]]:
    """Says how many pages a file may have, whichever connection writes to it."""
    most = 2**30

    def say(pages: int) -> None:
        nonlocal most
        most = pages

    def limit(connection: sqlite3.Connection, *others: object) -> None:
        connection.execute(f"PRAGMA max_page_count = {most}")

    event.listen(Pool, "checkout", limit)
    yield say
    event.remove(Pool, "checkout", limit)


def pages(connection: Connection) -> int:
    """How many pages the file has."""
    return int(connection.exec_driver_sql("PRAGMA page_count").scalar_one())


def test_changes_on_a_full_disk_fail_whole_and_work_again_afterwards(
    serve_file: Callable[..., Api], room: Callable[[int], None]
) -> None:
    api = serve_file()
    create(api, "before")
    before = api.all_rows()
    room(api.shop.query(pages) + 5)

    failed = create(api, "too much", lines=500)

    assert [error["extensions"]["code"] for error in failed["errors"]] == ["UNAVAILABLE"]
    assert api.all_rows() == before
    assert api.data(READ) == {"customerSession": {"version": 1}}
    room(2**30)
    assert "errors" not in create(api, "too much", lines=500)
    assert_whole(api)


def test_changes_on_a_full_disk_of_postgresql_fail_with_unavailable(runner: asyncio.Runner, server: Server) -> None:
    url = server.empty()
    database = runner.run(open_database(url))

    def write(connection: Connection) -> None:
        connection.exec_driver_sql("DO $$ BEGIN RAISE EXCEPTION 'no space left' USING ERRCODE = '53100'; END $$")

    with pytest.raises(CannotWrite, match="no space left"):
        runner.run(database.write(write))
    assert runner.run(database.read("SELECT 'well'", {}, 1)) == "well"
    runner.run(database.close())
    server.drop(url)


def test_read_that_connects_to_a_file_put_in_the_place_of_another_is_refused(shop_in_a_file: Shop) -> None:
    database = cast(SqliteDatabase, shop_in_a_file.database)
    path = database._file._path
    check = database._file.check

    def check_and_replace() -> None:
        check()
        path.unlink()
        path.touch()
        database._engine.dispose()

    database._file.check = check_and_replace  # type: ignore[method-assign]  # so that it is replaced after the check
    with pytest.raises(DatabaseUnavailable, match="removed or replaced"):
        shop_in_a_file.query(lambda connection: connection.exec_driver_sql("SELECT * FROM api_key"))


@pytest.fixture
def impatient(serve_file: Callable[..., Api], monkeypatch: pytest.MonkeyPatch) -> Api:
    """A server that waits a tenth of a second for a lock, so that tests need not wait for ten."""
    patience = {"PRAGMA busy_timeout = 10000": "PRAGMA busy_timeout = 100"}
    monkeypatch.setattr(
        sqlite_connections,
        "PRAGMAS",
        [patience.get(pragma, pragma) for pragma in sqlite_connections.PRAGMAS],
    )
    return serve_file()


@pytest.fixture
def locked(impatient: Api) -> Iterator[sqlite3.Connection]:
    """Another connection in a transaction that writes, as of another process."""
    create(impatient, "before")
    connection = sqlite3.connect(path_of(impatient.server.settings.database_url), isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    yield connection
    connection.close()


def test_changes_fail_and_reads_succeed_while_another_process_holds_the_lock(
    impatient: Api, locked: sqlite3.Connection
) -> None:
    before = impatient.all_rows()

    failed = create(impatient, "after")

    assert [error["extensions"]["code"] for error in failed["errors"]] == ["UNAVAILABLE"]
    assert impatient.data(READ) == {"customerSession": {"version": 1}}
    assert impatient.all_rows() == before
    locked.execute("ROLLBACK")
    assert create(impatient, "after")["data"]["createSession"]["errors"] == []
    assert_whole(impatient)


@pytest.mark.parametrize("replaced", [False, True])
def test_changes_to_a_removed_or_replaced_file_are_refused(serve_file: Callable[..., Api], *, replaced: bool) -> None:
    api = serve_file(key_cache_seconds=600)
    create(api, "before")
    assert api.request("GET", "/readyz").status_code == 200
    path = path_of(api.server.settings.database_url)
    if replaced:
        path.rename(path.with_suffix(".before"))
        path.touch()
    else:
        path.unlink()

    failed = create(api, "after")

    assert [error["extensions"]["code"] for error in failed["errors"]] == ["UNAVAILABLE"]
    assert api.request("GET", "/readyz").status_code == 503
