"""The log: one JSON object a line on standard error, or text in development. Each operation is one line.

No line holds variables, keys or a request's body.
"""

import logging
import sys
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from logging import LogRecord
from threading import Event, Thread
from time import monotonic, sleep
from typing import Any, BinaryIO, Generic, TypeVar

import orjson

from graphql_api.observability.operation_record import OperationRecord, current_operation
from graphql_api.settings import Settings

MAX_QUEUED = 100_000  # entries
BATCH_SECONDS = 0.05  # between two writes
OPTIONS = orjson.OPT_APPEND_NEWLINE | orjson.OPT_UTC_Z

T = TypeVar("T")

operations = logging.getLogger("cartograph.operations")


class JsonHandler(logging.Handler):
    """Writes to standard error, from a thread, so that a slow reader delays no request."""

    def __init__(self) -> None:
        super().__init__()
        self._queue: LogQueue[OperationRecord | bytes] = LogQueue(sys.stderr.buffer, encode, dropped)
        self.log_operation = self._queue.put

    def emit(self, record: LogRecord) -> None:
        """Queue a record. It is formatted here, since the current operation is not known to the thread."""
        self._queue.put(format_record(record))

    def flush(self) -> None:
        """Wait until the queue is written, but no longer than two seconds."""
        self._queue.flush()


class LogQueue(Generic[T]):
    """Writes entries in order, as ``encode`` has them. A full queue drops new ones; ``dropped`` reports how many.

    ``QueueHandler`` and ``QueueListener`` raised the CPU time of one session's read from 226 to 349 µs (``wrk``, eight
    connections, a busy machine): each operation made a LogRecord, woke the thread and was one write.
    """

    def __init__(self, file: BinaryIO, encode: Callable[[T], bytes], dropped: Callable[[int], T]) -> None:
        self._file = file
        self._encode = encode
        self._dropped_entry = dropped
        self._dropped = 0
        self._entries: deque[T] = deque()
        self._wake, self._flushing, self._writing = Event(), Event(), False
        Thread(target=self._run, name="log", daemon=True).start()

    def put(self, entry: T) -> None:
        """Queue an entry, or count it as dropped."""
        if len(self._entries) >= MAX_QUEUED:
            self._dropped += 1
            return
        self._entries.append(entry)
        if not self._wake.is_set():
            self._wake.set()

    def flush(self, seconds: float = 2) -> None:
        """Wait until the queue is written, but no longer than this. Later entries are written without a delay."""
        self._flushing.set()
        end = monotonic() + seconds
        while (self._entries or self._writing) and monotonic() < end:
            sleep(0.001)

    def _run(self) -> None:
        while self._wake.wait():
            self._wake.clear()
            self._writing = True
            entries = [self._entries.popleft() for _ in range(len(self._entries))]
            if self._dropped:
                entries.append(self._dropped_entry(self._dropped))
                self._dropped = 0
            with suppress(OSError, ValueError):  # the reader has closed the pipe
                self._file.write(b"".join(map(self._encode, entries)))
                self._file.flush()
            self._writing = False
            self._flushing.wait(BATCH_SECONDS)


def log_operation(record: OperationRecord) -> None:
    """Log an operation that has ended."""
    if operations.isEnabledFor(logging.INFO):
        entry = LogRecord(operations.name, logging.INFO, "", 0, record, None, None)
        entry.created = record.ended
        operations.handle(entry)


def operation_logger() -> Callable[[OperationRecord], None]:
    """Return the function that logs operations: where the log is JSON it makes no LogRecord, which takes 3 µs."""
    handler = next((each for each in logging.getLogger().handlers if isinstance(each, JsonHandler)), None)
    return handler.log_operation if handler and operations.isEnabledFor(logging.INFO) else log_operation


def encode(entry: OperationRecord | bytes) -> bytes:
    """Return the line of an operation; bytes are a line already."""
    if isinstance(entry, bytes):
        return entry
    return orjson.dumps({**common_fields(entry.ended, "info", operations.name), **entry.fields()}, option=OPTIONS)


def format_record(record: LogRecord) -> bytes:
    """Return a record as a line: an operation's fields, or a message with the ID of the request that it is about."""
    if isinstance(record.msg, OperationRecord):
        return encode(record.msg)
    fields = common_fields(record.created, record.levelname.lower(), record.name)
    fields["message"] = record.getMessage()
    if operation := current_operation.get():
        fields["request"] = operation.request_id
    if record.exc_info:
        fields["exception"] = logging.Formatter().formatException(record.exc_info)
    return orjson.dumps(fields, option=OPTIONS)


def common_fields(seconds: float, level: str, logger: str) -> dict[str, Any]:
    """Return the fields that every line begins with. ``seconds`` count from 1970."""
    return {"time": datetime.fromtimestamp(seconds, UTC), "level": level, "logger": logger}


def dropped(lines: int) -> bytes:
    """Return the line that reports dropped lines."""
    message = f"{lines} lines were dropped: standard error was not read in time"
    return format_record(LogRecord("cartograph", logging.WARNING, "", 0, message, None, None))


def flush() -> None:
    """Write what is queued: a process that ends by a signal runs no exit handlers."""
    for handler in logging.getLogger().handlers:
        handler.flush()


def configuration(settings: Settings) -> dict[str, Any]:
    """Return the ``dictConfig`` of a server's process, for uvicorn's loggers too: text in development, else JSON."""
    handler = "text" if settings.dev else "json"
    level = settings.log_level.upper()
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"text": {"()": "uvicorn.logging.DefaultFormatter", "fmt": "%(levelprefix)s %(message)s"}},
        "handlers": {
            "text": {"class": "logging.StreamHandler", "formatter": "text"},
            "json": {"class": "graphql_api.observability.log.JsonHandler"},
        },
        "root": {"handlers": [handler], "level": "WARNING"},
        "loggers": {"cartograph": {"level": level}, "uvicorn": {"level": level}},
    }
