"""The supervisor of the workers: its shutdown and theirs."""

import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from stores import execute
from workers import Workers, running_workers

pytestmark = pytest.mark.alone


@pytest.fixture
def workers(own_directory: Path) -> Iterator[Workers]:
    """A server of two processes on a new database."""
    with running_workers(2) as workers:
        yield workers


def test_a_signal_to_the_process_group_shuts_down_cleanly(workers: Workers) -> None:
    os.killpg(workers.process.pid, signal.SIGINT)

    assert workers.wait() == 0
    assert "Traceback" not in workers.output


def test_workers_stop_when_their_supervisor_dies(workers: Workers) -> None:
    url = httpx.URL(workers.url)
    workers.process.kill()

    assert workers.wait() == -signal.SIGKILL
    assert workers.output.count("Waiting for application shutdown.") == 2
    socket.create_server((url.host, url.port or 0)).close()  # the port is free


def test_the_server_exits_with_an_error_if_a_worker_cannot_be_replaced(workers: Workers) -> None:
    execute("sqlite+aiosqlite:///cartograph.db", "UPDATE alembic_version SET version_num = '9999'")

    os.kill(workers.wait_for_workers(2)[0], signal.SIGKILL)

    assert workers.wait() == 1
    assert "The database is at revision 9999" in workers.output
    assert "\nA worker failed to start; see its log.\n" in workers.output


def test_a_worker_is_not_replaced_on_an_empty_database(workers: Workers) -> None:
    pids = workers.wait_for_workers(2)
    Path("cartograph.db").unlink()
    Path("cartograph.db").touch()
    headers = {"Authorization": f"Bearer ck_1_{'a' * 12}_{'0' * 64}"}
    for _ in range(10):  # whether the key exists cannot be known any more
        answer = httpx.post(f"{workers.url}/graphql", json={"query": "{ viewer { role } }"}, headers=headers)
        assert (answer.status_code, "UNAVAILABLE" in answer.text) == (503, True), answer.text

    os.kill(pids[0], signal.SIGKILL)

    assert workers.wait() == 1
    assert "The database has no tables: it was removed or replaced" in workers.output
