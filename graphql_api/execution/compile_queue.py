"""Compile statements in one thread, fairly between keys.

Each key has at most one statement in the thread's queue, so a key that sends many large documents delays itself alone.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar
from weakref import WeakValueDictionary

T = TypeVar("T")

EXECUTOR = ThreadPoolExecutor(1, "compiler")  # compiling holds Python's lock: a second thread would gain nothing
LOCKS: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()  # one for each key that waits


async def run_in_compile_queue(key: str, compile_: Callable[[], T]) -> T:
    """Return the result of ``compile_``, run by the thread when it is the key's turn."""
    lock = LOCKS.setdefault(key, asyncio.Lock())
    async with lock:
        return await asyncio.get_running_loop().run_in_executor(EXECUTOR, compile_)
