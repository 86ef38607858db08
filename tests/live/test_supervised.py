"""The process that starts the workers: how it ends, and how they end with it."""

import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from stores import execute
from workers import Workers, working

pytestmark = pytest.mark.alone


@pytest.fixture
def workers(own_directory: Path) -> Iterator[Workers]:
    """A server of two processes on a new database."""
    with working(2) as workers:
        yield workers


def test_a_signal_that_all_processes_get_at_once_ends_them_as_one_would(workers: Workers) -> None:
    os.killpg(workers.process.pid, signal.SIGINT)

    assert workers.ended() == 0
    assert "Traceback" not in workers.said


def test_workers_do_not_outlive_the_process_that_started_them(workers: Workers) -> None:
    url = httpx.URL(workers.url)
    workers.process.kill()

    assert workers.ended() == -signal.SIGKILL
    assert workers.said.count("Waiting for application shutdown.") == 2
    socket.create_server((url.host, url.port or 0)).close()  # the port is free


def test_where_a_worker_cannot_be_replaced_the_server_ends_and_says_that_it_failed(workers: Workers) -> None:
    execute("sqlite+aiosqlite:///cartograph.db", "UPDATE alembic_version SET version_num = '9999'")

    os.kill(workers.up(2)[0], signal.SIGKILL)

    assert workers.ended() == 1
    assert "The database is at revision 9999" in workers.said
    assert "\nA worker failed to start; see its log.\n" in workers.said
