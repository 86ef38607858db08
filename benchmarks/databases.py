"""Where the rows are. They are loaded once; a server that writes has a copy of its own."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from data import load
from stores import Server


@dataclass(frozen=True)
class Place:
    """A database: its URL as Cartograph takes it, and its name as the peers do."""

    url: str
    name: str


class Store(Protocol):
    """A database that has been loaded. ``key`` opens it, and every copy, to Cartograph's callers."""

    place: Place
    key: str

    def copied(self, name: str) -> Place:
        """Another one with the same rows."""
        ...


class SqliteStore:
    """A file."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.place = self._named("benchmark")
        self.key = load(self.place.url)

    def copied(self, name: str) -> Place:
        """A copy of the file; nothing is left in the write-ahead log when nobody has it open."""
        place = self._named(name)
        shutil.copyfile(self.place.name, place.name)
        return place

    def _named(self, name: str) -> Place:
        path = self._folder / f"{name}.db"
        return Place(f"sqlite+aiosqlite:///{path}", str(path))


@contextmanager
def sqlite(folder: Path) -> Iterator[Store]:
    """A file in a folder."""
    yield SqliteStore(folder)


class PostgresStore:
    """A database of a server that is started for it, as PostgreSQL comes: only the number of connections is greater."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self.place = self._at(server.empty())
        self.key = load(self.place.url)

    def copied(self, name: str) -> Place:
        """A copy of the database; nobody may have it open meanwhile."""
        return self._at(self._server.duplicate(self.place.url))

    def _at(self, url: str) -> Place:
        return Place(url, url.replace("+asyncpg", ""))


@contextmanager
def postgresql(folder: Path) -> Iterator[Store]:
    """A server out of a wheel, that waits for the disk."""
    with closing(Server(fsync="on")) as server:
        yield PostgresStore(server)


Stored = Callable[[Path], AbstractContextManager[Store]]
