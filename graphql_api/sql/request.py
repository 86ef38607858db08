"""What a read is asked with: who asks, how much they may ask for, and the variables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from db.engine import json
from graphql_api.errors import BadUserInput
from graphql_api.security.viewer import Viewer
from graphql_api.settings import Settings
from graphql_api.sql import global_ids as identity
from graphql_api.sql.arguments import Getter
from graphql_api.sql.global_ids import Source


@dataclass(frozen=True, slots=True)
class Request:
    """What a statement's parameters are made from. ``known`` keeps what has been worked out of the variables.

    ``source`` is the object that a payload's field belongs to, or the event that a subscription tells.
    """

    viewer: Viewer
    limits: Settings
    variables: Mapping[str, Any]
    source: Any = None
    known: dict[Getter, Any] = field(default_factory=dict)

    def wanted(self, ids: Sequence[str], sources: Mapping[str, Source]) -> str:
        """Global ids taken apart, as JSON; null for one that does not exist for the viewer.

        Raises BadUserInput on an id that was not made here, and on more ids than a page may hold.
        """
        if len(ids) > self.limits.max_page_size:
            raise BadUserInput(f"At most {self.limits.max_page_size} ids are taken at once; got {len(ids)}.")
        return json.dumps([self.visible(*identity.parse(each, sources)) for each in ids])

    def visible(self, prefix: str, key: list[int | str]) -> list[int | str] | None:
        """A key with its prefix. Rows of another application do not exist, nor do keys for any but an ADMIN."""
        hidden = not self.viewer.can_see(int(key[0])) or (prefix == "key" and not self.viewer.is_admin)
        return None if hidden else [prefix, *key]
