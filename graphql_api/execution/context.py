"""The context of an operation, which every resolver gets."""

from dataclasses import dataclass, field
from datetime import UTC, datetime

import strawberry

from db.domain.times import truncate_to_millisecond
from db.engine.database import Database
from db.events.feed import Feed
from db.operations.outcome import Actor
from graphql_api.execution.document import Document
from graphql_api.observability.operation_record import OperationRecord
from graphql_api.security.code_guesses import CodeGuesses
from graphql_api.security.viewer import Viewer
from graphql_api.settings import Settings


@dataclass(frozen=True, slots=True)
class Context:
    """One operation of one caller. Its cost is added up in ``record``."""

    database: Database
    settings: Settings
    viewer: Viewer
    document: Document
    feed: Feed
    record: OperationRecord = field(default_factory=OperationRecord)
    code_guesses: CodeGuesses = field(default_factory=CodeGuesses)

    @property
    def actor(self) -> Actor:
        """The caller, as the history of a session names it."""
        return Actor(self.viewer.key_name, self.viewer.key_prefix, self.settings.max_session_bytes)

    def now(self) -> datetime:
        """Return the time of a change."""
        return now()


Info = strawberry.Info[Context, None]


def now() -> datetime:
    """Return the time in UTC, to the millisecond."""
    return truncate_to_millisecond(datetime.now(UTC))
