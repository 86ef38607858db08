"""The end of the process, told in time: uvicorn tells an application only when all its connections have ended."""

import asyncio
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing import parent_process
from threading import current_thread, main_thread
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM)
LAST_WORDS = 0.1  # seconds
Handler = Callable[[int, FrameType | None], object]


@contextmanager
def told_of_the_end(tell: Callable[[], None]) -> Iterator[None]:
    """Have ``tell`` called in the event loop as soon as a signal ends the process; who handles it now still does.

    It does so a moment later: those who are told have something to say on connections that uvicorn then closes.
    """
    if current_thread() is not main_thread():  # where Python lets nobody handle signals
        yield
        return
    loop = asyncio.get_running_loop()
    handled: dict[int, Handler] = {each: handler for each in SIGNALS if callable(handler := signal.getsignal(each))}

    def handle(number: int, frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(tell)
        loop.call_soon_threadsafe(loop.call_later, LAST_WORDS, handled[number], number, frame)

    for number in handled:
        signal.signal(number, handle)
    try:
        yield
    finally:
        for number, handler in handled.items():
            signal.signal(number, handler)


@contextmanager
def ended_with_the_parent() -> Iterator[None]:
    """Have a worker end, as by SIGTERM, when the process that started it is gone.

    Nobody else would end it then, and it would keep the port.
    """
    parent = parent_process()
    if parent is None:
        yield
        return
    loop, sentinel = asyncio.get_running_loop(), parent.sentinel

    def end() -> None:
        loop.remove_reader(sentinel)
        os.kill(os.getpid(), signal.SIGTERM)

    loop.add_reader(sentinel, end)
    try:
        yield
    finally:
        loop.remove_reader(sentinel)
