"""Progress of a long command on stderr: a bar on a terminal, elsewhere a line every few seconds."""

import sys
from time import monotonic
from typing import Self

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

INTERVAL = 5  # seconds between two lines


def show_progress(total: int | None, noun: str = "sessions") -> "Bar | Lines":
    """Return a context manager that shows progress: a number of items, which ``noun`` names in the plural.

    ``total`` is the sum of all ``done``, or None if it is unknown.
    """
    return Bar(total, noun) if sys.stderr.isatty() else Lines(noun)


class Bar:
    """A progress bar with the rate and the remaining time."""

    def __init__(self, total: int | None, noun: str = "sessions") -> None:
        self._bar = Progress(
            BarColumn(),
            TaskProgressColumn(),
            TextColumn(f"{{task.fields[count]}} {noun}, {{task.fields[rate]}} a second"),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            transient=True,
        )
        self._task = self._bar.add_task("", total=total, count=0, rate=0)
        self._count = 0
        self._began = monotonic()

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def advance(self, count: int, done: int) -> None:
        """Add finished items, and finished units of the total."""
        self._count += count
        rate = per_second(self._count, monotonic() - self._began)
        self._bar.update(self._task, advance=done, count=self._count, rate=rate)

    def print(self, text: str) -> None:
        """Print a line above the bar."""
        self._bar.console.print(escape(text), markup=False, highlight=False, soft_wrap=True)


class Lines:
    """Lines of text, at most one every few seconds."""

    def __init__(self, noun: str = "sessions") -> None:
        self._noun = noun
        self._count = 0
        self._began = self._printed = monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def advance(self, count: int, done: int) -> None:
        self._count += count
        now = monotonic()
        if now - self._printed >= INTERVAL:
            self._printed = now
            self.print(f"{self._count} {self._noun}, {per_second(self._count, now - self._began)} a second")

    def print(self, text: str) -> None:
        typer.echo(escape(text), err=True)


def per_second(count: int, seconds: float) -> int:
    return round(count / seconds) if seconds else 0


def escape(text: str) -> str:
    """Return the text with escapes for control characters and for those that cannot be encoded."""
    return "".join(each if each.isprintable() else ascii(each)[1:-1] for each in text)
