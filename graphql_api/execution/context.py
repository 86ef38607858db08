"""What a resolver knows of the request it works for."""

from dataclasses import dataclass, field
from datetime import UTC, datetime

from db.domain.times import truncate_to_millisecond
from db.engine.database import Database
from db.events.feed import Feed
from db.operations import Actor
from graphql_api.execution.document import Document
from graphql_api.observability.operation_record import OperationRecord
from graphql_api.security.viewer import Viewer
from graphql_api.settings import Settings


@dataclass(frozen=True, slots=True)
class Context:
    """One operation of one caller. ``seen`` is what is told of it; its cost is added up there."""

    database: Database
    settings: Settings
    viewer: Viewer
    document: Document
    feed: Feed
    seen: OperationRecord = field(default_factory=OperationRecord)

    @property
    def actor(self) -> Actor:
        """Who a change is written down to."""
        return Actor(name=self.viewer.key_name, key_prefix=self.viewer.key_prefix)


def now() -> datetime:
    """The time, in UTC, to the millisecond."""
    return truncate_to_millisecond(datetime.now(UTC))
