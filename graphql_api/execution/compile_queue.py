"""Compile statements, and execute introspection, in one thread: in slices, fairly between applications and keys.

The thread takes turns between applications, slice by slice; an application's turn goes to its keys one after another.
A key compiles one statement at a time, and its session tokens take turns in that. So whoever sends many large documents
delays mainly itself.
"""

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from time import thread_time
from typing import Any, TypeVar
from weakref import WeakValueDictionary

from sqlalchemy.util import greenlet_spawn

from graphql_api.observability.operation_record import OperationRecord, current_operation
from graphql_api.security.viewer import Viewer
from graphql_api.sql.slices import run_slice

T = TypeVar("T")

EXECUTOR = ThreadPoolExecutor(1, "compiler")  # compiling holds Python's lock: a second thread would gain nothing
LOCKS: WeakValueDictionary[int | str, asyncio.Lock] = WeakValueDictionary()  # by application, key and session token


async def run_in_compile_queue(viewer: Viewer, work: Callable[[], T]) -> T:
    """Return the result of ``work``, run by the thread when it is the viewer's turn, and charge its CPU time."""
    loop, record = asyncio.get_running_loop(), current_operation.get()
    of_application = LOCKS.setdefault(viewer.application_id, asyncio.Lock())
    of_key = LOCKS.setdefault(viewer.key_prefix.partition("-")[0], asyncio.Lock())
    of_token = LOCKS.setdefault(f"{viewer.key_prefix}-", asyncio.Lock())
    async with of_token, of_key:  # locks are passed on in the order in which they are asked for
        sliced = greenlet_spawn(work)
        try:
            while True:
                async with of_application:
                    if result := await loop.run_in_executor(EXECUTOR, run_and_charge, sliced, record):
                        return result[0]
        except BaseException:
            EXECUTOR.submit(sliced.close)  # work that was cancelled has to be unwound in its own thread
            raise


def run_and_charge(work: Coroutine[Any, Any, T], record: OperationRecord | None) -> tuple[T] | None:
    """Run a slice of work, and add its CPU time to the operation."""
    began = thread_time()
    try:
        return run_slice(work)
    finally:
        if record:
            record.work_seconds += thread_time() - began
