"""The commands import, export and check, and an import that is interrupted."""

import gzip
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from stores import Store, execute
from transfer import file, record

from graphql_api.cli import main

pytestmark = pytest.mark.alone

CDNOW = Path(__file__).parents[1] / "data" / "cdnow-sample.jsonl.gz"
SESSIONS = file(record(), record("s2", profileId="ada"))


@pytest.fixture(autouse=True)
def application(own_database: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Create an application in the database."""
    assert main(["create-application", "Shop", "--currency", "EUR"]) == 0
    capsys.readouterr()


def count(url: str) -> int:
    """Return the number of sessions in the database."""
    ((found,),) = execute(url, "SELECT count(*) FROM customer_session")
    return int(found)


def test_file_is_imported_exported_and_checked(own_directory: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (own_directory / "in.jsonl").write_bytes(SESSIONS)

    assert main(["import", "in.jsonl", "--application", "1"]) == 0
    assert capsys.readouterr().out.startswith("2 created, 0 unchanged, 0 failed in ")
    assert main(["import", "in.jsonl", "--application", "1"]) == 0
    assert capsys.readouterr().out.startswith("0 created, 2 unchanged, 0 failed in ")

    assert main(["export", "--application", "1", "out.jsonl"]) == 0
    assert main(["export", "--application", "1"]) == 0
    exported = capsys.readouterr().out
    assert exported.encode() == (own_directory / "out.jsonl").read_bytes()
    assert exported.count("\n") == 2

    assert main(["check"]) == 0
    assert main(["check", "--application", "1"]) == 0
    assert capsys.readouterr().out.count("2 sessions checked, 0 disagreements, in ") == 2


def test_imported_export_is_exported_byte_for_byte(
    own_directory: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    purchases = gzip.decompress(CDNOW.read_bytes())
    (own_directory / "in.jsonl").write_bytes(b"".join(purchases.splitlines(keepends=True)[:1_200]))
    assert main(["import", "in.jsonl", "--application", "1"]) == 0
    assert main(["export", "--application", "1", "first.jsonl"]) == 0
    another = store.empty()
    monkeypatch.setenv("CARTOGRAPH_DATABASE_URL", another)
    assert main(["create-application", "Shop", "--currency", "EUR"]) == 0

    assert main(["import", "first.jsonl", "--application", "1"]) == 0
    assert main(["export", "--application", "1", "second.jsonl"]) == 0

    assert (own_directory / "second.jsonl").read_bytes() == (own_directory / "first.jsonl").read_bytes()
    store.drop(another)


def test_failed_line_is_printed_on_stderr_and_sets_the_exit_code(
    own_directory: Path, own_database: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (own_directory / "in.jsonl").write_bytes(file(record(total=1), record("s2", profileId="ada", firstSession=False)))
    command = ["import", "in.jsonl", "--application", "1"]

    assert main(command) == 1
    assert capsys.readouterr().err == "line 1: total: Expected 2.50, the sum of the cart, got 1.\n"
    assert main([*command, "--on-error", "skip"]) == 1
    assert capsys.readouterr().err.count("\n") == 2
    assert main([*command, "--recompute", "--dry-run"]) == 0
    printed = capsys.readouterr()
    assert printed.err.splitlines()[0] == "line 1: total: Expected 2.50, the sum of the cart, got 1. Corrected."
    assert printed.out.startswith("Dry run: 2 created, 0 unchanged, 0 failed in ")
    assert count(own_database) == 0


def test_disagreement_is_printed_and_sets_the_exit_code(
    own_directory: Path, own_database: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (own_directory / "in.jsonl").write_bytes(SESSIONS)
    main(["import", "in.jsonl", "--application", "1"])
    execute(own_database, "UPDATE customer_session SET coupon = 'WINTER', size = size + 6 WHERE integration_id = 's2'")
    capsys.readouterr()

    assert main(["check"]) == 1
    said = capsys.readouterr().out.splitlines()
    assert said[0] == 'application 1, session "s2": coupon: expected "", found "WINTER"'
    assert said[1].startswith("2 sessions checked, 1 disagreements, in ")


@pytest.mark.parametrize(
    ("command", "sentence"),
    [
        (["import", "no.jsonl", "--application", "1"], "no.jsonl: No such file or directory.\n"),
        (["import", "in.jsonl", "--application", "7"], "There is no application 7.\n"),
        (["export", "--application", "7"], "There is no application 7.\n"),
        (["export", "--application", "1", "no/such/directory"], "no/such/directory: No such file or directory.\n"),
        (["check", "--application", "7"], "There is no application 7.\n"),
    ],
)
def test_unknown_file_or_application_is_refused_in_one_line(
    own_directory: Path, capsys: pytest.CaptureFixture[str], command: list[str], sentence: str
) -> None:
    (own_directory / "in.jsonl").write_bytes(SESSIONS)

    assert main(command) == 1
    printed = capsys.readouterr()
    assert (printed.out, printed.err) == ("", sentence)


def test_failed_export_leaves_the_file_unchanged(own_directory: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (own_directory / "out.jsonl").write_text("the last one")

    assert main(["export", "--application", "7", "out.jsonl"]) == 1

    assert (own_directory / "out.jsonl").read_text() == "the last one"
    assert not list(own_directory.glob(".out*"))


@contextmanager
def importing(handler: Any = signal.default_int_handler) -> Iterator[subprocess.Popen[bytes]]:
    """Start an import from a pipe, with SIGINT handled or ignored.

    The tests themselves may run as a background job of a shell, which ignores SIGINT, and so do its child processes.
    """
    command = [sys.executable, "-m", "graphql_api", "import", "-", "--application", "1"]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    before = signal.signal(signal.SIGINT, handler)
    try:
        process = subprocess.Popen(  # noqa: S603  # this Python and this project
            command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
    finally:
        signal.signal(signal.SIGINT, before)
    with process:
        yield process


def wait_for_sessions(url: str) -> None:
    """Wait until an import has committed something."""
    until = time.monotonic() + 60
    while not count(url) and time.monotonic() < until:
        time.sleep(0.02)


@pytest.mark.parametrize(("sign", "code"), [(signal.SIGKILL, -signal.SIGKILL), (signal.SIGINT, 130)])
def test_interrupted_import_is_completed_by_running_it_again(
    own_directory: Path, own_database: str, capsys: pytest.CaptureFixture[str], sign: signal.Signals, code: int
) -> None:
    content = file(*(record(f"s{number}") for number in range(6_000)))
    (own_directory / "in.jsonl").write_bytes(content)
    with importing() as process:
        assert process.stdin
        assert process.stderr
        process.stdin.write(content[: len(content) // 2])
        wait_for_sessions(own_database)
        process.send_signal(sign)
        assert process.wait(60) == code  # without waiting for the end of its input
        assert process.stderr.read() == b""
        with suppress(BrokenPipeError):
            process.stdin.close()
    imported = count(own_database)
    assert 0 < imported <= 3_000
    assert main(["check"]) == 0
    capsys.readouterr()

    assert main(["import", "in.jsonl", "--application", "1"]) == 0

    assert capsys.readouterr().out.startswith(f"{6_000 - imported} created, {imported} unchanged, 0 failed in ")
    assert count(own_database) == 6_000
    assert main(["check"]) == 0


def test_import_that_ignores_sigint_goes_on(own_directory: Path, own_database: str) -> None:
    content = file(*(record(f"s{number}") for number in range(1_200)))
    with importing(signal.SIG_IGN) as process:
        assert process.stdin
        process.stdin.write(content)
        process.stdin.flush()
        wait_for_sessions(own_database)
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=60)

    assert (process.returncode, errors) == (0, b"")
    assert output.startswith(b"1200 created, ")


def test_line_of_50_mb_is_reported(own_directory: Path, own_database: str, capsys: pytest.CaptureFixture[str]) -> None:
    with (own_directory / "in.jsonl").open("wb") as stream:
        stream.write(SESSIONS + b'{"integrationId": "' + b"x" * (50 * 2**20) + b'"}\n')

    assert main(["import", "in.jsonl", "--application", "1"]) == 1

    assert capsys.readouterr().err == "line 3: Expected at most 16777216 bytes, got 52428822.\n"
    assert count(own_database) == 2
