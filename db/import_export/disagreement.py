"""Disagreements: stored values that contradict other stored values."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from db.domain.errors import truncate
from db.engine import json

Difference = tuple[str, Any, Any]  # the name of a value, the expected value, the stored one


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A stored value that contradicts other stored values."""

    application_id: int
    entity: str
    name: str
    expected: Any
    found: Any

    def __str__(self) -> str:
        expected, found = (truncate(json.dumps(value)) for value in (self.expected, self.found))
        return f"application {self.application_id}, {self.entity}: {self.name}: expected {expected}, found {found}"


def compare(name: str, expected: Any, found: Any) -> Iterator[Difference]:
    """Yield the difference between two values, if there is one."""
    if expected != found:
        yield name, expected, found
