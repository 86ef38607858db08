"""Caches of what was read from a database, in this process."""

from __future__ import annotations

from typing import Any, Generic, TypeVar
from weakref import WeakKeyDictionary

from sqlalchemy import Dialect

T = TypeVar("T")


class Cache(WeakKeyDictionary[Dialect, dict[int, T]], Generic[T]):
    """Values by the ID of their application, for each dialect: each open database has one of its own."""

    def __init__(self) -> None:
        super().__init__()
        CACHES.append(self)


CACHES: list[Cache[Any]] = []


def clear_caches(dialect: Dialect) -> None:
    """Forget all that was read from one database, after a failed commit: it may never have been stored."""
    for cache in CACHES:
        cache.pop(dialect, None)
