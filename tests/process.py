"""Start ``cartograph serve`` as a process."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

Process = subprocess.Popen[str]


@contextmanager
def serving(*options: str, environment: Mapping[str, str] | None = None) -> Iterator[Process]:
    """Run a server in the current directory; at the end kill it and its workers."""
    process = subprocess.Popen(  # noqa: S603  # this Python and this project
        [sys.executable, "-m", "graphql_api", "serve", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1]), **(environment or {})},
        start_new_session=True,
    )
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def address(process: Process) -> str:
    """Return the URL that the server prints; fail with its output if it exits."""
    output = []
    for line in process.stdout or ():
        output.append(line)
        if found := re.search(r"running on (http://\S+?)[\s\"]", line):
            return found[1]
    pytest.fail("".join(output))
