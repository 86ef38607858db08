"""LRU cache of parsed documents, bounded by count and bytes."""

from collections import OrderedDict

from graphql_api.execution.document import Document

MAX_DOCUMENTS = 1_000
MAX_BYTES = 64 * 2**20


class DocumentCache:
    """Cached documents by text. Sizes are estimates, and grow as statements are compiled."""

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
