"""Print the files of db/ and graphql_api/ that one read and one write enter.

These are the files to read to follow a request. Requests run in this process, on SQLite, after a first round that
fills the caches, so that the read does not compile its statement; ``--cold`` traces the first round.

    cd benchmarks && PYTHONPATH=../tests ../.venv/bin/python files_entered.py
"""

import asyncio
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from types import FrameType
from typing import Annotated, Any

import typer
from api_server import Api, seed
from stores import Files, migrate

ROOT = Path(__file__).parent.parent
READ = """query Session($id: String!) {
    customerSession(integrationId: $id) { integrationId state total cartItems { sku quantity price } }
}"""
WRITE = """mutation Create($input: CreateSessionInput!) {
    createSession(input: $input) { session { integrationId state total } errors { message } }
}"""


@contextmanager
def record_files() -> Iterator[set[str]]:
    """Collect the project's files whose functions are called, in any thread."""
    files: set[str] = set()

    def record(frame: FrameType, event: str, argument: Any) -> None:
        files.add(frame.f_code.co_filename)

    threading.setprofile(record)  # threads that run already are only traced from Python 3.12 on
    sys.setprofile(record)
    try:
        yield files
    finally:
        sys.setprofile(None)
        threading.setprofile(None)
        ours = {Path(file) for file in files if file.startswith(str(ROOT))}
        files.clear()
        files.update(
            str(path.relative_to(ROOT)) for path in ours if path.relative_to(ROOT).parts[0] in ("db", "graphql_api")
        )


def session(number: int) -> dict[str, Any]:
    """Return the variables of WRITE."""
    lines = [{"sku": f"sku-{line}", "quantity": 1, "price": "9.95"} for line in range(3)]
    return {"input": {"integrationId": f"session-{number}", "profileId": f"profile-{number}", "cartItems": lines}}


def main(cold: Annotated[bool, typer.Option(help="Trace the first request of each kind.")] = False) -> None:
    """Print the files that one read and one write enter, and their number."""
    with TemporaryDirectory() as folder, asyncio.Runner() as runner:
        files = Files(Path(folder))
        url = files.empty()
        runner.run(migrate(url))
        keys = runner.run(seed(url))
        with Api(runner, url, keys) as api:
            if not cold:
                api.data(WRITE, session(1))
                api.data(READ, {"id": "session-1"}, "reader")
            requests = {"write": (WRITE, session(2), "writer"), "read": (READ, {"id": "session-2"}, "reader")}
            for name, request in requests.items():
                with record_files() as found:
                    api.data(*request)
                typer.echo(f"{name}: {len(found)} files")
                typer.echo("".join(f"  {each}\n" for each in sorted(found)))


if __name__ == "__main__":
    typer.run(main)
