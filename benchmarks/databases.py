"""Databases with the rows of data.py. They are loaded once; a server that writes gets a copy."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from data import load
from stores import Server


@dataclass(frozen=True)
class Address:
    """A database: its URL for Cartograph, and its path or URL for the other servers."""

    url: str
    name: str


class Store(Protocol):
    """A loaded database. ``key`` is valid in it and in its copies."""

    address: Address
    key: str

    def copy(self, name: str) -> Address:
        """Return a new database with the same rows."""
        ...


class SqliteStore:
    """An SQLite file."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.address = self._named("benchmark")
        self.key = load(self.address.url)

    def copy(self, name: str) -> Address:
        """Copy the file. Its write-ahead log is empty, since no connection is open."""
        address = self._named(name)
        shutil.copyfile(self.address.name, address.name)
        return address

    def _named(self, name: str) -> Address:
        path = self._folder / f"{name}.db"
        return Address(f"sqlite+aiosqlite:///{path}", str(path))


@contextmanager
def sqlite(folder: Path) -> Iterator[Store]:
    """Open an SQLite database in a folder."""
    yield SqliteStore(folder)


class PostgresStore:
    """A database on a PostgreSQL server with default settings, other than more connections."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self.address = self._at(server.empty())
        self.key = load(self.address.url)

    def copy(self, name: str) -> Address:
        """Copy the database. No connection may be open."""
        return self._at(self._server.duplicate(self.address.url))

    def _at(self, url: str) -> Address:
        return Address(url, url.replace("+asyncpg", ""))


@contextmanager
def postgresql(folder: Path) -> Iterator[Store]:
    """Start a PostgreSQL server with fsync on."""
    with closing(Server(fsync="on")) as server:
        yield PostgresStore(server)


OpenStore = Callable[[Path], AbstractContextManager[Store]]
