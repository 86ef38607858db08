"""The end of the process, told in time: uvicorn tells an application only when all its connections have ended."""

import asyncio
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import current_thread, main_thread
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM)
Handler = Callable[[int, FrameType | None], object]


@contextmanager
def told_of_the_end(tell: Callable[[], None]) -> Iterator[None]:
    """Have ``tell`` called in the event loop as soon as a signal ends the process; who handles it now still does."""
    if current_thread() is not main_thread():  # where Python lets nobody handle signals
        yield
        return
    loop = asyncio.get_running_loop()
    handled: dict[int, Handler] = {each: handler for each in SIGNALS if callable(handler := signal.getsignal(each))}

    def handle(number: int, frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(tell)
        handled[number](number, frame)

    for number in handled:
        signal.signal(number, handle)
    try:
        yield
    finally:
        for number, handler in handled.items():
            signal.signal(number, handler)
