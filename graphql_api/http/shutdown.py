"""Shutdown of a process: close subscriptions before uvicorn closes their connections, and stop orphaned workers.

uvicorn ends an application's lifespan only after all connections have ended, which is too late to send a last message.
"""

import asyncio
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing import parent_process
from threading import current_thread, main_thread
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM)
LAST_MESSAGES_SECONDS = 0.1  # between the callback and uvicorn's own handler of the signal
Handler = Callable[[int, FrameType | None], object]


@contextmanager
def on_shutdown_signal(callback: Callable[[], None]) -> Iterator[None]:
    """Call ``callback`` on the event loop at SIGINT or SIGTERM, and the previous handler a moment later."""
    if current_thread() is not main_thread():  # only the main thread may handle signals
        yield
        return
    loop = asyncio.get_running_loop()
    previous: dict[int, Handler] = {each: handler for each in SIGNALS if callable(handler := signal.getsignal(each))}

    def handle(number: int, frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(callback)
        loop.call_soon_threadsafe(loop.call_later, LAST_MESSAGES_SECONDS, previous[number], number, frame)

    for number in previous:
        signal.signal(number, handle)
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


@contextmanager
def stop_with_parent_process() -> Iterator[None]:
    """Shut a worker down, as SIGTERM does, when its supervisor dies; otherwise it would go on and occupy the port."""
    parent = parent_process()
    if parent is None:
        yield
        return
    loop, sentinel = asyncio.get_running_loop(), parent.sentinel

    def stop() -> None:
        loop.remove_reader(sentinel)
        os.kill(os.getpid(), signal.SIGTERM)

    loop.add_reader(sentinel, stop)
    try:
        yield
    finally:
        loop.remove_reader(sentinel)
