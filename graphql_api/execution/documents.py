"""Resolve the document of a request: by ID from the trusted documents, or from the cache, or by parsing it."""

from collections.abc import Callable

from graphql import GraphQLSchema

from graphql_api.errors import BadUserInput, DocumentNotFound, Forbidden
from graphql_api.execution.document import Document
from graphql_api.execution.document_cache import DocumentCache
from graphql_api.execution.document_validation import InvalidDocument, parse_and_validate
from graphql_api.execution.parameters import Parameters
from graphql_api.execution.trusted_documents import TrustedDocuments
from graphql_api.observability.operation_record import count_work
from graphql_api.security.document_manifest import sha256_of
from graphql_api.settings import Settings

PERSISTED_QUERY_NOT_FOUND = "PersistedQueryNotFound"  # Apollo's clients look for this message


class Documents:
    """The documents of one schema. Raises BadManifest if a trusted document is invalid."""

    def __init__(self, schema: GraphQLSchema, settings: Settings) -> None:
        self._schema = schema
        self.settings = settings
        self._cache = DocumentCache()
        self._trusted = (
            TrustedDocuments.from_manifest(settings.trusted_documents, self._prepare)
            if settings.trusted_documents
            else TrustedDocuments()
        )

    def resolve(self, parameters: Parameters) -> Document:
        """Return the document that a request contains or names. Raises InvalidDocument.

        Clients cannot register documents: after PersistedQueryNotFound, Apollo's clients send the text, which is run
        like any other.
        """
        if parameters.query is None:
            return self._by_id(parameters)
        if self.settings.only_trusted:
            raise InvalidDocument(Forbidden("Only trusted documents can be run; send a documentId."))
        if parameters.persisted_query is not None and parameters.persisted_query != sha256_of(parameters.query):
            raise InvalidDocument(BadUserInput("extensions.persistedQuery is not the hash of the query."))
        return self.parse(parameters.query)

    def parse(self, source: str) -> Document:
        """Return the document with this text, cached or new. Raises InvalidDocument."""
        document = self._cache.get(source)
        if document is None:
            with count_work():  # also where the document is refused, which can take a hundred times as long as a read
                document = self._prepare(source, self._cache.update_size)
            self._cache.add(document)
        return document

    def _by_id(self, parameters: Parameters) -> Document:
        document = self._trusted.get(parameters.document_id or parameters.persisted_query or "")
        if document is None:
            by_id = parameters.document_id is not None
            problem = "No trusted document has this documentId." if by_id else PERSISTED_QUERY_NOT_FOUND
            raise InvalidDocument(DocumentNotFound(problem))
        return document

    def _prepare(self, source: str, on_growth: Callable[[Document], None] | None = None) -> Document:
        return Document.of(self._schema, parse_and_validate(source, self._schema, self.settings), on_growth)
