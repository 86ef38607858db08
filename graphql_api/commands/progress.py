"""How far a long command has come: a bar on a terminal, a line now and then anywhere else. All of it on stderr."""

import sys
from time import monotonic
from types import TracebackType
from typing import Protocol, Self

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

PAUSE = 5  # seconds between two lines


class Told(Protocol):
    """Something that tells how far it is; a context in which it can be said."""

    def __enter__(self) -> Self:
        """Begin."""
        ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End."""
        ...

    def advance(self, sessions: int, done: int) -> None:
        """So many more sessions, and so much more of the whole."""
        ...

    def say(self, text: str) -> None:
        """One line about what was found on the way."""
        ...


def progress(whole: int | None) -> Told:
    """What suits stderr. ``whole`` is what ``done`` adds up to in the end; None where nobody knows."""
    return Bar(whole) if sys.stderr.isatty() else Lines()


class Bar:
    """A bar with the rate and the time that is left."""

    def __init__(self, whole: int | None) -> None:
        self._bar = Progress(
            BarColumn(),
            TaskProgressColumn(),
            TextColumn("{task.fields[sessions]} sessions, {task.fields[rate]} a second"),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            transient=True,
        )
        self._task = self._bar.add_task("", total=whole, sessions=0, rate=0)
        self._sessions = 0
        self._began = monotonic()

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def advance(self, sessions: int, done: int) -> None:
        """Draw how far it is."""
        self._sessions += sessions
        rate = per_second(self._sessions, monotonic() - self._began)
        self._bar.update(self._task, advance=done, sessions=self._sessions, rate=rate)

    def say(self, text: str) -> None:
        """A line above the bar."""
        self._bar.console.print(legible(text), markup=False, highlight=False, soft_wrap=True)


class Lines:
    """A line every few seconds."""

    def __init__(self) -> None:
        self._sessions = 0
        self._began = self._said = monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def advance(self, sessions: int, done: int) -> None:
        """Say how far it is, if that was some time ago."""
        self._sessions += sessions
        now = monotonic()
        if now - self._said >= PAUSE:
            self._said = now
            self.say(f"{self._sessions} sessions, {per_second(self._sessions, now - self._began)} a second")

    def say(self, text: str) -> None:
        """A line."""
        typer.echo(legible(text), err=True)


def per_second(count: int, seconds: float) -> int:
    """A rate."""
    return round(count / seconds) if seconds else 0


def legible(text: str) -> str:
    """The text with escapes for what would move a terminal's cursor, and for what cannot be encoded."""
    return "".join(each if each.isprintable() else ascii(each)[1:-1] for each in text)
