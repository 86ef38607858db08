"""The README is true: its requests answer as it says, its diagram is the graph, its map is the tree."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from db.domain.lifecycle import INITIAL, TARGET, TRANSITIONS
from graphql_api.settings import PREFIX, Settings

pytestmark = pytest.mark.alone

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
REQUEST = re.compile(r"```sh\n(curl .+?)```\n\n```json\n(.+?)```", re.DOTALL)


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """What `make run` starts, on a free port and a file of its own: its address and the key it printed."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith(PREFIX)},
        f"{PREFIX}DATABASE_URL": f"sqlite+aiosqlite:///{tmp_path_factory.mktemp('readme')}/readme.db",
    }
    command = [sys.executable, "-m", "graphql_api", "serve", "--dev", "--port", str(port)]
    with subprocess.Popen(  # noqa: S603  # the command is ours
        command, env=environment, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as server:
        assert server.stdout is not None
        key = ""
        for line in server.stdout:
            key = found[0] if (found := re.search(r"\bck_\w+", line)) and not key else key
            if "Uvicorn running" in line:
                break
        yield f"http://127.0.0.1:{port}", key
        server.send_signal(signal.SIGTERM)
        server.communicate(timeout=20)


def test_five_requests_tell_a_sessions_life(demo: tuple[str, str]) -> None:
    address, key = demo
    requests = REQUEST.findall(README)
    assert len(requests) == 5
    for request, answer in requests:
        command = request.replace("http://127.0.0.1:8000", address)
        done = subprocess.run(  # noqa: S603  # the command is the README's
            ["/bin/sh", "-c", command], env={**os.environ, "KEY": key}, capture_output=True, check=True
        )
        told = json.loads(done.stdout)
        assert told.pop("extensions")["cost"]["requested"] > 0
        assert told == json.loads(answer)


def test_the_diagram_is_the_graph() -> None:
    drawn = set(re.findall(r"^    (\S+) --> (\S+): (.+)$", README, re.MULTILINE))
    moves = {
        (state.name, TARGET[operation].name, operation.value.replace("_", " "))
        for state, operations in TRANSITIONS.items()
        for operation in operations
    }
    assert drawn == moves | {("[*]", state.name, "create") for state in INITIAL}


def test_every_file_and_folder_that_is_named_is_there() -> None:
    named = re.findall(r"\]\(([^)]+)\)", README)
    assert named
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_every_setting_that_is_named_is_one() -> None:
    named = {name.lower() for name in re.findall(rf"{PREFIX}([A-Z_]+[A-Z])", README)}
    assert named <= set(Settings.model_fields)
