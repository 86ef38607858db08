"""Server: the parts of a running process that requests use."""

from dataclasses import dataclass

from db.engine.database import Database
from db.events.feed import Feed
from graphql_api.execution.context import Context
from graphql_api.execution.document import Document
from graphql_api.execution.documents import Documents
from graphql_api.http.connections import Connections
from graphql_api.observability.instrumentation import Instrumentation
from graphql_api.observability.operation_record import OperationRecord
from graphql_api.security.admission import AdmissionControl
from graphql_api.security.authentication import Authenticator
from graphql_api.settings import Settings


@dataclass(frozen=True, slots=True)
class Server:
    """The parts of one process, from its start to its end."""

    settings: Settings
    database: Database
    authenticator: Authenticator
    documents: Documents
    admission: AdmissionControl
    instrumentation: Instrumentation
    feed: Feed
    connections: Connections

    def context(self, document: Document, record: OperationRecord) -> Context:
        """Return the context in which an authenticated caller's operation is executed."""
        assert record.viewer is not None, "the caller has been authenticated"
        return Context(self.database, self.settings, record.viewer, document, self.feed, record)
