"""Slices of long work: it pauses where ``pause`` is called, so that the compile queue can run other work between.

SQLAlchemy's greenlets suspend the work, however deep in the compiler it is.
"""

from collections.abc import Coroutine, Generator
from math import inf
from threading import local
from time import perf_counter
from types import coroutine
from typing import Any, TypeVar

from sqlalchemy.util import await_only

T = TypeVar("T")

SLICE_SECONDS = 0.01


class CurrentSlice(local):
    """The end of the slice that the thread runs, by ``perf_counter``."""

    end = inf


current_slice = CurrentSlice()


def pause() -> None:
    """Suspend the work if its slice has ended. Does nothing outside of a slice."""
    if perf_counter() > current_slice.end:
        await_only(suspend())


@coroutine
def suspend() -> Generator[None, None, None]:
    """Return from ``run_slice``."""
    yield


def run_slice(work: Coroutine[Any, Any, T]) -> tuple[T] | None:
    """Run work of ``greenlet_spawn`` until its end or that of a slice. Return its result in a tuple, or None."""
    current_slice.end = perf_counter() + SLICE_SECONDS
    try:
        work.send(None)
    except StopIteration as finished:
        return (finished.value,)
    finally:
        current_slice.end = inf
    return None
