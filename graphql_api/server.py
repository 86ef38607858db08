"""What a running server holds: opened when it starts, closed when it stops."""

from dataclasses import dataclass

from db.engine import Database
from db.feed import Feed
from graphql_api.guard.gate import Gate
from graphql_api.guard.keys import Keys
from graphql_api.observe.observer import Observer
from graphql_api.settings import Settings
from graphql_api.transport.connections import Connections
from graphql_api.transport.documents import Documents


@dataclass(frozen=True, slots=True)
class Server:
    """One process's database, keys, documents and gate; who is told of its operations, and who stays connected."""

    settings: Settings
    database: Database
    keys: Keys
    documents: Documents
    gate: Gate
    observer: Observer
    feed: Feed
    connections: Connections
