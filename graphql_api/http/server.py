"""What a running server holds: opened when it starts, closed when it stops."""

from dataclasses import dataclass

from db.engine.database import Database
from db.events.feed import Feed
from graphql_api.execution.documents import Documents
from graphql_api.http.connections import Connections
from graphql_api.observability.instrumentation import Instrumentation
from graphql_api.security.api_keys import Keys
from graphql_api.security.rate_limit import Gate
from graphql_api.settings import Settings


@dataclass(frozen=True, slots=True)
class Server:
    """The parts of one process that every request needs."""

    settings: Settings
    database: Database
    keys: Keys
    documents: Documents
    gate: Gate
    instrumentation: Instrumentation
    feed: Feed
    connections: Connections
