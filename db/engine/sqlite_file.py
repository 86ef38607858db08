"""Detects that the file of an open SQLite database was removed or replaced: writes to it would be lost."""

import os
from pathlib import Path


class FileReplaced(Exception):
    """The open file is no longer the file at its path."""


class DatabaseFile:
    """The file at a path, as it was when this was created."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._identity = identity(path)

    def check(self) -> None:
        """Raise FileReplaced if the path names another file now, or none."""
        try:
            same = identity(self._path) == self._identity
        except FileNotFoundError:
            same = False
        if not same:
            raise FileReplaced(f"The file {self._path} has been removed or replaced; start again.")


def identity(path: Path) -> tuple[int, int]:
    """Return the file's device and inode."""
    found = os.stat(path)  # noqa: PTH116  # runs in each transaction, and takes a microsecond less than Path.stat
    return found.st_dev, found.st_ino
