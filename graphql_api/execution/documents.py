"""The documents of requests: trusted ones found by ID, and an LRU cache of all others by their text."""

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from graphql import GraphQLError, GraphQLSchema

from graphql_api.errors import BadUserInput, DocumentNotFound, Forbidden
from graphql_api.execution.compile_queue import run_in_compile_queue
from graphql_api.execution.document import Document
from graphql_api.execution.document_validation import InvalidDocument, parse_and_validate
from graphql_api.execution.parameters import Parameters
from graphql_api.observability.operation_record import count_work
from graphql_api.security.document_manifest import BadManifest, document_ids, read_manifest, sha256_of
from graphql_api.security.viewer import Viewer
from graphql_api.settings import Settings

MAX_DOCUMENTS = 1_000
MAX_BYTES = 64 * 2**20
PERSISTED_QUERY_NOT_FOUND = "PersistedQueryNotFound"  # Apollo's clients look for this message


class Documents:
    """The documents of one schema. Raises BadManifest if a trusted document is invalid."""

    def __init__(self, schema: GraphQLSchema, settings: Settings) -> None:
        self._schema = schema
        self.settings = settings
        self._only_trusted = settings.only_trusted
        self._cache = DocumentCache()
        self._newest: Document | None = None  # not cached yet
        self._trusted = self._prepare_manifest(settings.trusted_documents) if settings.trusted_documents else {}

    async def resolve(self, parameters: Parameters, viewer: Viewer) -> Document:
        """Return the document that a request contains or names. Raises InvalidDocument.

        A new one is parsed and validated in the compile queue: it can take 75 ms, and applications take turns there.

        Clients cannot register documents: after PersistedQueryNotFound, Apollo's clients send the text, which is run
        like any other.
        """
        if parameters.query is None:
            return self._by_id(parameters)
        if self._only_trusted:
            raise InvalidDocument(Forbidden("Only trusted documents can be run; send a documentId."))
        if parameters.persisted_query is not None and parameters.persisted_query != sha256_of(parameters.query):
            raise InvalidDocument(BadUserInput("extensions.persistedQuery is not the hash of the query."))
        source = parameters.query
        document = self._cache.get(source)
        if document is None:
            prepared = await run_in_compile_queue(viewer, lambda: self._try_to_prepare(source))
            if not isinstance(prepared, Document):
                raise InvalidDocument(*prepared)
            document = prepared
            self._cache.add(document)
            self._newest = None  # the cache decides how long a document is in memory
        return document

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

    def _try_to_prepare(self, source: str) -> Document | Sequence[GraphQLError]:
        """Return a document, or its errors: futures and frames that pass on an exception would retain its document.

        Requests that wait with the same document get one, so that its statements are compiled once.
        """
        newest = self._newest
        if newest is not None and newest.text == source:
            return newest
        if (cached := self._cache.peek(source)) is not None:
            return cached
        try:
            self._newest = document = self._prepare(source, self._cache.update_size)
        except InvalidDocument as invalid:
            return invalid.errors
        return document

    def _prepare_manifest(self, path: Path) -> Mapping[str, Document]:
        """Return all documents of a manifest by each of their IDs. They are never evicted."""
        trusted: dict[str, Document] = {}
        for identifier, source in read_manifest(path).items():
            try:
                document = self._prepare(source)
            except InvalidDocument as invalid:
                problem = invalid.errors[0].message
                raise BadManifest(path, f"the document {identifier!r} is invalid: {problem}") from invalid
            trusted.update(dict.fromkeys(document_ids(identifier, source), document))
        return trusted


class DocumentCache:
    """LRU cache of documents by text, bounded by count and bytes. Sizes are estimates, and grow with the plans."""

    def __init__(self) -> None:
        self._documents: OrderedDict[str, Document] = OrderedDict()
        self._sizes: dict[str, int] = {}
        self._total_size = 0

    def __len__(self) -> int:
        return len(self._documents)

    def get(self, text: str) -> Document | None:
        """Return the document with this text, if it is cached."""
        document = self._documents.get(text)
        if document is not None:
            self._documents.move_to_end(text)
        return document

    def peek(self, text: str) -> Document | None:
        """Return the document with this text without counting it as a use. Any thread can call this."""
        return self._documents.get(text)

    def add(self, document: Document) -> None:
        """Cache a document; evict the least recently used where there is no room."""
        self._documents[document.text] = document
        self.update_size(document)

    def update_size(self, document: Document) -> None:
        """Evict others to make room for a document that has grown, unless it has been evicted itself."""
        if self._documents.get(document.text) is not document:
            return
        size = document.size
        self._total_size += size - self._sizes.get(document.text, 0)
        self._sizes[document.text] = size
        while len(self) > MAX_DOCUMENTS or (self._total_size > MAX_BYTES and len(self) > 1):
            text, _ = self._documents.popitem(last=False)
            self._total_size -= self._sizes.pop(text)
