"""Cartograph and the servers that it is compared with: how to start them, and their memory."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import typer
from databases import Address

FOLDER = Path(__file__).parent / "implementations"
UVICORN = (sys.executable, "-m", "uvicorn", "--app-dir", str(FOLDER), "--no-access-log", "--log-level", "warning")
TIMEOUT = 30.0


@dataclass(frozen=True)
class Implementation:
    """A server program. Its command serves the database $DATABASE on the port $PORT."""

    name: str
    colour: str
    command: tuple[str, ...]


# To add an implementation: a file in implementations/ and an entry here.
CARTOGRAPH = Implementation("Cartograph", "#0969da", (sys.executable, "-m", "graphql_api", "serve"))
TWO_PROCESSES = Implementation("Two processes", "#0969da", (*CARTOGRAPH.command, "--workers", "2"))
ONE_PROCESS = Implementation("One process", "#80b3ec", CARTOGRAPH.command)
STRAWBERRY_CACHED = Implementation("Strawberry, cached", "#bf3989", (*UVICORN, "strawberry_plain:cached"))
STRAWBERRY = Implementation("Strawberry", "#d4a5c0", (*UVICORN, "strawberry_plain:plain"))
MERCURIUS = Implementation("Mercurius", "#1a7f37", ("node", str(FOLDER / "mercurius" / "sqlite.js")))
MERCURIUS_PG = Implementation("Mercurius", "#1a7f37", ("node", str(FOLDER / "mercurius" / "postgres.js")))
GRAPHILE = Implementation("PostGraphile", "#8250df", ("node", str(FOLDER / "postgraphile.js")))
HANDWRITTEN_SQL = Implementation("Handwritten SQL", "#8c959f", (*UVICORN, "starlette_sql:app"))


class BenchmarkError(typer.TyperException):
    """A server does not start or answers incorrectly."""


@dataclass(frozen=True)
class Server:
    """A running server. ``log`` is the file with its output."""

    implementation: Implementation
    process: subprocess.Popen[bytes]
    url: str
    log: Path

    def answer(self, body: str, key: str) -> dict[str, Any]:
        """Send a request and return the JSON of the response."""
        headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json", "Accept": "application/json"}
        answer: dict[str, Any] = httpx.post(self.url, content=body, headers=headers, timeout=TIMEOUT).json()
        return answer

    def resident(self) -> int:
        """Return the resident memory of the process and its workers, in bytes."""
        pid = str(self.process.pid)
        ps = subprocess.run(  # noqa: S603  # our own command
            ["ps", "-o", "rss=", "-p", pid, "--ppid", pid],  # noqa: S607  # its path differs between systems
            check=True,
            capture_output=True,
            text=True,
        )
        return sum(map(int, ps.stdout.split())) * 1024


@contextmanager
def run_server(implementation: Implementation, database: Address, folder: Path) -> Iterator[Server]:
    """Run a server within the block. Raises BenchmarkError if it does not start."""
    port = free_port()
    command = (
        (*implementation.command, "--port", str(port))
        if "uvicorn" in implementation.command
        else implementation.command
    )
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CARTOGRAPH_")}
    environment |= {
        "DATABASE": database.name,
        "PORT": str(port),
        "NODE_ENV": "production",
        "GRAPHILE_ENV": "production",
        "CARTOGRAPH_DATABASE_URL": database.url,
        "CARTOGRAPH_PORT": str(port),
    }
    path = folder / f"{implementation.name}.log"
    with path.open("wb") as log:
        process = subprocess.Popen(  # noqa: S603  # our own commands
            command, cwd=folder, env=environment, stdout=log, stderr=subprocess.STDOUT
        )
    server = Server(implementation, process, f"http://127.0.0.1:{port}/graphql", path)
    try:
        wait(server, port)
        yield server
    finally:
        process.terminate()
        process.wait()


def free_port() -> int:
    """Return a free port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait(server: Server, port: int) -> None:
    """Wait until the server accepts connections. Raises BenchmarkError if it exits or after TIMEOUT seconds."""
    deadline = time.monotonic() + TIMEOUT
    while server.process.poll() is None and time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise BenchmarkError(f"{server.implementation.name} does not start:\n{server.log.read_text(encoding='utf-8')}")
