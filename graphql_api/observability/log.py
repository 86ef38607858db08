"""The log: a line of JSON for each operation and for whatever else is to be told; never variables, keys or a body."""

import logging
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from logging import LogRecord
from typing import Any

import orjson

from graphql_api.observability.operation_record import OperationRecord, current_operation
from graphql_api.observability.spool import Spool
from graphql_api.settings import Settings

OPTIONS = orjson.OPT_APPEND_NEWLINE | orjson.OPT_UTC_Z

operations = logging.getLogger("cartograph.operations")


def log_operation(record: OperationRecord) -> None:
    """Write down an operation that has been answered."""
    if operations.isEnabledFor(logging.INFO):
        line = LogRecord(operations.name, logging.INFO, "", 0, record, None, None)
        line.created = record.ended
        operations.handle(line)


def report() -> Callable[[OperationRecord], None]:
    """The shortest way into this process's log: no record of the standard library is made on it."""
    lines = next((each for each in logging.getLogger().handlers if isinstance(each, JsonLines)), None)
    return lines.take if lines and operations.isEnabledFor(logging.INFO) else log_operation


class JsonLines(logging.Handler):
    """Writes to standard error, a line of JSON each. Whoever logs does not wait for it."""

    def __init__(self) -> None:
        super().__init__()
        self._spool: Spool[OperationRecord | bytes] = Spool(sys.stderr.buffer, written, lost)
        self.take = self._spool.put

    def emit(self, record: LogRecord) -> None:
        """Take a record."""
        self._spool.put(line(record))

    def flush(self) -> None:
        """Wait until what was taken has been written, for two seconds at most."""
        self._spool.flush()


def line(record: LogRecord) -> bytes:
    """A record as JSON: an operation's facts, or the message and the request that it is about."""
    if isinstance(record.msg, OperationRecord):
        return written(record.msg)
    facts = {**head(record.created, record.levelname.lower(), record.name), "message": record.getMessage()}
    if seen := current_operation.get():
        facts["request"] = seen.request_id
    if record.exc_info:
        facts["exception"] = logging.Formatter().formatException(record.exc_info)
    return orjson.dumps(facts, option=OPTIONS)


def written(entry: OperationRecord | bytes) -> bytes:
    """A line that is made, or the one of an operation."""
    if isinstance(entry, bytes):
        return entry
    return orjson.dumps({**head(entry.ended, "info", operations.name), **entry.fields()}, option=OPTIONS)


def head(seconds: float, level: str, logger: str) -> dict[str, Any]:
    """What every line begins with."""
    return {"time": datetime.fromtimestamp(seconds, UTC), "level": level, "logger": logger}


def lost(lines: int) -> bytes:
    """What stands in the log for lines that nobody took in time."""
    problem = f"{lines} lines were dropped: nobody read them in time"
    return line(LogRecord("cartograph", logging.WARNING, "", 0, problem, None, None))


def flush() -> None:
    """Wait until everything has been written: a process that ends by a signal does nothing more."""
    for handler in logging.getLogger().handlers:
        handler.flush()


def configuration(settings: Settings) -> dict[str, Any]:
    """How all loggers of a server's process write, uvicorn's among them; in words in development, else in JSON."""
    handler = "words" if settings.dev else "json"
    level = settings.log_level.upper()
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"words": {"()": "uvicorn.logging.DefaultFormatter", "fmt": "%(levelprefix)s %(message)s"}},
        "handlers": {
            "words": {"class": "logging.StreamHandler", "formatter": "words"},
            "json": {"class": "graphql_api.observability.log.JsonLines"},
        },
        "root": {"handlers": [handler], "level": "WARNING"},
        "loggers": {"cartograph": {"level": level}, "uvicorn": {"level": level}},
    }
