"""Server: the parts of a running process that requests use."""

from dataclasses import dataclass

from db.engine.database import Database
from db.events.feed import Feed
from graphql_api.execution.documents import Documents
from graphql_api.http.connections import Connections
from graphql_api.observability.instrumentation import Instrumentation
from graphql_api.security.admission import AdmissionControl
from graphql_api.security.authentication import Authenticator
from graphql_api.security.code_guesses import CodeGuesses
from graphql_api.settings import Settings


@dataclass(frozen=True, slots=True)
class Server:
    """The parts of one process, from its start to its end."""

    settings: Settings
    database: Database
    authenticator: Authenticator
    documents: Documents
    admission: AdmissionControl
    code_guesses: CodeGuesses
    instrumentation: Instrumentation
    feed: Feed
    connections: Connections
