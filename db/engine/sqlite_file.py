"""The file of an SQLite database, which somebody may take away while it is open: what is written then is lost."""

import os
from pathlib import Path


class FileGone(Exception):
    """The file that is open is no longer the one at its path."""


class File:
    """A file, as it is now."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._is = identity(path)

    def hold(self) -> None:
        """Raises FileGone where the path names another file now, or none."""
        try:
            same = identity(self._path) == self._is
        except FileNotFoundError:
            same = False
        if not same:
            raise FileGone(f"The file {self._path} has been removed or replaced; start again.")


def identity(path: Path) -> tuple[int, int]:
    """What tells a file from any other, whatever their names."""
    found = os.stat(path)  # noqa: PTH116  # a microsecond, for each transaction
    return found.st_dev, found.st_ino
