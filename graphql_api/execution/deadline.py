"""Limits on waiting, for what has to wait: most reads of an embedded database are done at once, and need no timer."""

from collections.abc import Callable, Coroutine, Generator
from contextlib import AbstractAsyncContextManager
from types import coroutine
from typing import Any, TypeVar

T = TypeVar("T")


async def while_waiting(work: Coroutine[Any, Any, T], limit: Callable[[], AbstractAsyncContextManager[Any]]) -> T:
    """What comes of the work. From its first wait on, and only if there is one, it is done within the limit."""
    try:
        awaited = work.send(None)
    except StopIteration as ended:
        return ended.value
    async with limit():
        return await resumed(work, awaited)


@coroutine
def resumed(work: Coroutine[Any, Any, T], awaited: Any) -> Generator[Any, Any, T]:
    """What comes of work that waits for something."""
    try:
        while True:
            try:
                told = yield awaited
            except BaseException as error:  # whatever it is, it is for the work to deal with
                awaited = work.throw(error)
            else:
                awaited = work.send(told)
    except StopIteration as ended:
        return ended.value
