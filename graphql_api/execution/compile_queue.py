"""The thread that compiles statements, and whose turn it is: who sends many large documents waits for his own alone."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar
from weakref import WeakValueDictionary

T = TypeVar("T")

COMPILER = ThreadPoolExecutor(1, "compiler")  # one: two would only share Python's lock
TURNS: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()  # by holder, while anyone waits


async def in_turn(holder: str, compile_: Callable[[], T]) -> T:
    """What the thread makes of it. One of each holder's waits for the thread, and the others behind it."""
    turn = TURNS.setdefault(holder, asyncio.Lock())
    async with turn:
        return await asyncio.get_running_loop().run_in_executor(COMPILER, compile_)
