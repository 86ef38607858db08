"""The receivers on the page docs/webhooks.md. The one in TypeScript is run by tests/clients."""

import os
import re
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from graphql_api.webhooks.sender import signed_headers

PAGE = Path(__file__).parents[2] / "docs" / "webhooks.md"
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # noqa: S105  # an example of the specification
BODY = b'{"type":"session.closed","data":{}}'


@pytest.fixture
def receiver(tmp_path: Path) -> Iterator[str]:
    """The URL of the receiver in Python."""
    found = re.search(r'```python title="receiver.py"\n(.*?)```', PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert found
    (tmp_path / "receiver.py").write_text(found[1])
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "uvicorn", "receiver:app", "--port", str(port)]
    environment = {**os.environ, "WEBHOOK_SECRET": SECRET}
    process = subprocess.Popen(command, cwd=tmp_path, env=environment)  # noqa: S603  # this Python
    try:
        until = time.monotonic() + 30
        while time.monotonic() < until:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        yield f"http://127.0.0.1:{port}/events"
    finally:
        process.kill()
        process.wait()


def test_receiver_in_python_verifies_and_leaves_out_repeats(receiver: str, tmp_path: Path) -> None:
    now = datetime.now(UTC)
    signed = signed_headers("event-1-1-1", BODY, [SECRET], now)
    with httpx.Client(trust_env=False) as client:
        for _ in range(2):
            assert client.post(receiver, content=BODY, headers=signed).status_code == 204
        old = signed_headers("event-1-1-2", BODY, [SECRET], now - timedelta(hours=1))
        rotated = signed_headers("event-1-1-3", BODY, ["whsec_AAAA", SECRET], now)
        assert client.post(receiver, content=BODY + b" ", headers=signed).status_code == 401
        assert client.post(receiver, content=BODY, headers=old).status_code == 401
        assert client.post(receiver, content=BODY).status_code == 401
        assert client.post(receiver, content=BODY, headers=rotated).status_code == 204

    with closing(sqlite3.connect(tmp_path / "inbox.db")) as inbox:
        stored = inbox.execute("SELECT id, body FROM message ORDER BY id").fetchall()
    assert stored == [("event-1-1-1", BODY.decode()), ("event-1-1-3", BODY.decode())]
