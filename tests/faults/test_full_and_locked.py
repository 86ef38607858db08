"""A full disk, a locked file and a replaced file: changes fail with UNAVAILABLE, and work again afterwards."""

import sqlite3
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from api_server import Api
from sqlalchemy import Connection, Pool, event
from stores import path_of

from db.engine import sqlite_connections
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
    assert [page.disagreements for page in found] == [[]]


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
