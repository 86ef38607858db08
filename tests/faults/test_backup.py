"""Backups of an SQLite database while a server writes to it."""

import asyncio
import sqlite3
import threading
from pathlib import Path

import pytest
from customers import Customers

from graphql_api.cli import main


def sessions(path: Path) -> int:
    """How many sessions a file has."""
    connection = sqlite3.connect(path)
    (count,) = connection.execute("SELECT count(*) FROM customer_session").fetchone()
    connection.close()
    return int(count)


def test_a_backup_under_load_is_consistent_and_contains_acknowledged_changes(
    customers: Customers, own_directory: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    copies = {changes: own_directory / f"copy{changes}.db" for changes in (100, 200, 300)}
    codes: list[int] = []
    threads: list[threading.Thread] = []

    def copy(customers: Customers) -> None:
        if customers.changes in copies:
            command = ["backup", str(copies[customers.changes])]
            threads.append(threading.Thread(target=lambda: codes.append(main(command))))
            threads[-1].start()

    asyncio.run(customers.shop(500, copy))

    for thread in threads:
        thread.join()
    assert codes == [0, 0, 0]
    for changes, path in copies.items():
        assert sessions(path) >= changes // 2
        monkeypatch.setenv("CARTOGRAPH_DATABASE_URL", f"sqlite+aiosqlite:///{path}")
        assert main(["check"]) == 0
        assert f"{sessions(path)} sessions checked, 0 disagreements" in capsys.readouterr().out
    assert not [path for path in own_directory.iterdir() if path.name.startswith(".")]


def test_a_backup_replaces_no_file(own_directory: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["create-application", "Shop", "--currency", "EUR"])
    (own_directory / "copy.db").write_text("the last one")
    capsys.readouterr()

    assert main(["backup", "copy.db"]) == 1

    assert capsys.readouterr().err == "copy.db exists; a backup does not overwrite files.\n"
    assert (own_directory / "copy.db").read_text() == "the last one"
    assert sorted(path.name for path in own_directory.iterdir()) == ["cartograph.db", "copy.db"]


@pytest.mark.usefixtures("own_directory")
def test_a_backup_is_readable_only_by_its_owner(capsys: pytest.CaptureFixture[str]) -> None:
    main(["create-application", "Shop", "--currency", "EUR"])
    capsys.readouterr()

    assert main(["backup", "copy.db"]) == 0

    size = Path("copy.db").stat().st_size
    assert capsys.readouterr().out == f"copy.db: {size} bytes.\n"
    assert Path("copy.db").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("url", "file", "sentence"),
    [
        (
            "sqlite+aiosqlite:///none.db",
            "copy.db",
            "The SQLite file none.db cannot be copied: unable to open database file.\n",
        ),
        ("sqlite+aiosqlite:///none.db", "no/such/copy.db", "no/such/copy.db: No such file or directory.\n"),
        (
            "postgresql+asyncpg://127.0.0.1/shop",
            "copy.db",
            "Only SQLite is copied; PostgreSQL has pg_dump, and pg_basebackup for whole servers.\n",
        ),
        ("nonsense", "copy.db", "The database URL is malformed; an example is sqlite+aiosqlite:///cartograph.db\n"),
    ],
)
def test_a_database_that_cannot_be_backed_up_is_refused_in_one_sentence(
    own_directory: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    url: str,
    file: str,
    sentence: str,
) -> None:
    monkeypatch.setenv("CARTOGRAPH_DATABASE_URL", url)

    assert main(["backup", file]) == 1

    printed = capsys.readouterr()
    assert (printed.out, printed.err) == ("", sentence)
    assert list(own_directory.iterdir()) == []
