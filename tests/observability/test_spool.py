"""The spool: lines come out in order, and nobody waits for whoever reads them."""

import json
import os
from collections.abc import Iterator
from io import BytesIO
from threading import Event
from typing import BinaryIO, cast

import pytest

from graphql_api.observability import spool
from graphql_api.observability.log import lost, written
from graphql_api.observability.spool import Spool


class Kept(BytesIO):
    """A file that does not take anything before it is let."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = Event()
        self.let = Event()

    def write(self, lines: object) -> int:
        """Wait until it is let."""
        self.asked.set()
        self.let.wait(10)
        return super().write(cast(bytes, lines))


@pytest.fixture
def file() -> Iterator[Kept]:
    """One that is let at the end, so that its thread ends."""
    kept = Kept()
    yield kept
    kept.let.set()


def test_lines_are_written_in_the_order_in_which_they_came(file: Kept) -> None:
    file.let.set()
    lines = Spool(file, written, lost)
    expected = [f"{number}\n".encode() for number in range(10_000)]
    for line in expected:
        lines.put(line)
    lines.flush()
    assert file.getvalue() == b"".join(expected)


def test_what_comes_after_a_flush_is_written_too(file: Kept) -> None:
    file.let.set()
    lines = Spool(file, written, lost)
    for number in range(3):
        lines.put(b"%d\n" % number)
        lines.flush()
        assert file.getvalue().endswith(b"%d\n" % number)


def test_a_reader_that_stalls_stalls_nobody_and_what_was_dropped_is_told(
    file: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spool, "MOST", 10)
    lines = Spool(file, written, lost)
    lines.put(b"first\n")
    assert file.asked.wait(10)
    for number in range(25):
        lines.put(b"%d\n" % number)
    lines.flush(seconds=0.01)
    file.let.set()
    lines.flush()
    first, *others = file.getvalue().splitlines()
    assert first == b"first"
    assert others[:-1] == [b"%d" % number for number in range(10)]
    assert json.loads(others[-1])["message"] == "15 lines were dropped: nobody read them in time"


def test_a_reader_that_has_gone_harms_nobody() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb", buffering=0) as file:
        lines = Spool(cast(BinaryIO, file), written, lost)
        lines.put(b"for nobody\n")
        lines.flush()
        lines.put(b"for nobody either\n")
        lines.flush()
