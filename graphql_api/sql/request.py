"""The request that a statement runs for: the caller, the limits and the variables.

One statement serves many requests. A ``Getter`` reads one value out of a request: the value of a parameter, or one that
decides the text of the statement.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from graphql_api.security.viewer import Viewer
from graphql_api.settings import Settings


@dataclass(frozen=True, slots=True)
class Request:
    """One execution of an operation.

    ``source`` is the object that a payload's field belongs to, or the event that a subscription sends. ``memo`` holds
    values that were computed from the variables once and are needed again.
    """

    viewer: Viewer
    limits: Settings
    variables: Mapping[str, Any]
    source: Any = None
    memo: dict[Getter, Any] = field(default_factory=dict)


Getter = Callable[[Request], Any]


def viewer_is_admin(request: Request) -> bool:
    """Return whether the caller reads every application."""
    return request.viewer.is_admin


def viewer_application(request: Request) -> int:
    """Return the number of the caller's application, 0 for an ADMIN key."""
    return request.viewer.application_id
