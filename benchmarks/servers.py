"""Cartograph and its peers: how each is started, and how much memory it holds."""

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
from databases import Place

PEERS_FOLDER = Path(__file__).parent / "peers"
UVICORN = (sys.executable, "-m", "uvicorn", "--app-dir", str(PEERS_FOLDER), "--no-access-log", "--log-level", "warning")
PATIENCE = 30.0


@dataclass(frozen=True)
class Peer:
    """A server that can be started: the command answers for $DATABASE on $PORT."""

    name: str
    colour: str
    command: tuple[str, ...]


# A peer is one file in peers/ and one entry here.
OURS = Peer("Cartograph", "#0969da", (sys.executable, "-m", "graphql_api", "serve"))
TWO_OF_OURS = Peer("Two processes", "#0969da", (*OURS.command, "--workers", "2"))
ONE_OF_OURS = Peer("One process", "#80b3ec", OURS.command)
STRAWBERRY_CACHED = Peer("Strawberry, cached", "#bf3989", (*UVICORN, "strawberry_plain:cached"))
STRAWBERRY = Peer("Strawberry", "#d4a5c0", (*UVICORN, "strawberry_plain:plain"))
MERCURIUS = Peer("Mercurius", "#1a7f37", ("node", str(PEERS_FOLDER / "mercurius" / "sqlite.js")))
MERCURIUS_PG = Peer("Mercurius", "#1a7f37", ("node", str(PEERS_FOLDER / "mercurius" / "postgres.js")))
GRAPHILE = Peer("PostGraphile", "#8250df", ("node", str(PEERS_FOLDER / "postgraphile.js")))
BY_HAND = Peer("SQL by hand", "#8c959f", (*UVICORN, "starlette_sql:app"))


class Broken(typer.TyperException):
    """A server that does not start, or does not answer as it should."""


@dataclass(frozen=True)
class Server:
    """A peer that runs. ``log`` has all that it has said."""

    peer: Peer
    process: subprocess.Popen[bytes]
    url: str
    log: Path

    def answer(self, body: str, key: str) -> dict[str, Any]:
        """The JSON that one request is answered with."""
        headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json", "Accept": "application/json"}
        answer: dict[str, Any] = httpx.post(self.url, content=body, headers=headers, timeout=PATIENCE).json()
        return answer

    def resident(self) -> int:
        """The memory that the process and its workers hold now, in bytes."""
        named = str(self.process.pid)
        told = subprocess.run(  # noqa: S603  # our own command
            ["ps", "-o", "rss=", "-p", named, "--ppid", named],  # noqa: S607  # wherever this system keeps ps
            check=True,
            capture_output=True,
            text=True,
        )
        return sum(map(int, told.stdout.split())) * 1024


@contextmanager
def served(peer: Peer, database: Place, folder: Path) -> Iterator[Server]:
    """The server of a peer, for as long as the block runs. Raises Broken where it does not start."""
    port = free_port()
    command = (*peer.command, "--port", str(port)) if "uvicorn" in peer.command else peer.command
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CARTOGRAPH_")}
    environment |= {
        "DATABASE": database.name,
        "PORT": str(port),
        "NODE_ENV": "production",
        "GRAPHILE_ENV": "production",
        "CARTOGRAPH_DATABASE_URL": database.url,
        "CARTOGRAPH_PORT": str(port),
    }
    path = folder / f"{peer.name}.log"
    with path.open("wb") as log:
        process = subprocess.Popen(  # noqa: S603  # our own commands
            command, cwd=folder, env=environment, stdout=log, stderr=subprocess.STDOUT
        )
    server = Server(peer, process, f"http://127.0.0.1:{port}/graphql", path)
    try:
        wait(server, port)
        yield server
    finally:
        process.terminate()
        process.wait()


def free_port() -> int:
    """A port that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait(server: Server, port: int) -> None:
    """Until the server listens. Raises Broken where it ends instead, or takes too long."""
    late = time.monotonic() + PATIENCE
    while server.process.poll() is None and time.monotonic() < late:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise Broken(f"{server.peer.name} does not serve:\n{server.log.read_text(encoding='utf-8')}")
