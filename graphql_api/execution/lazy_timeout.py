"""A timeout that starts only when a coroutine first suspends.

Most reads of an embedded database do not suspend. ``asyncio.timeout`` makes a timer for each, which takes 5 % of a read
of one session.
"""

from collections.abc import Callable, Coroutine, Generator
from contextlib import AbstractAsyncContextManager
from types import coroutine
from typing import Any, TypeVar

T = TypeVar("T")


async def with_lazy_timeout(
    work: Coroutine[Any, Any, T], new_timeout: Callable[[], AbstractAsyncContextManager[Any]]
) -> T:
    """Await a coroutine inside a context manager that is entered when, and only if, the coroutine suspends.

    The coroutine is first driven by hand, as an event loop does: ``send(None)`` runs it to its first suspension, where
    it yields the future that it waits for, or to its end, which raises StopIteration with its result. After that,
    ``resume`` passes the future on to the event loop from inside the context manager.
    """
    try:
        future = work.send(None)
    except StopIteration as finished:
        return finished.value
    async with new_timeout():
        return await resume(work, future)


@coroutine
def resume(work: Coroutine[Any, Any, T], future: Any) -> Generator[Any, Any, T]:
    """Await a coroutine that is suspended on a future. Cancellation and errors are thrown into it."""
    try:
        while True:
            try:
                value = yield future
            except BaseException as error:  # CancelledError, too, which the coroutine may have to clean up for
                future = work.throw(error)
            else:
                future = work.send(value)
    except StopIteration as finished:
        return finished.value
