"""The documents that anyone may send and that are kept, as long as there is room for them."""

from collections import OrderedDict

from graphql_api.execution.document import Document

MAX_KEPT = 1_000
MAX_WEIGHT = 64 * 2**20  # bytes


class Kept:
    """Documents by their texts. The least recently used are forgotten first, also where one that is kept grows."""

    def __init__(self) -> None:
        self._documents: OrderedDict[str, Document] = OrderedDict()
        self._weights: dict[str, int] = {}
        self._weight = 0

    def __len__(self) -> int:
        return len(self._documents)

    def get(self, text: str) -> Document | None:
        """The document of a text, if it is kept."""
        document = self._documents.get(text)
        if document is not None:
            self._documents.move_to_end(text)
        return document

    def keep(self, document: Document) -> None:
        """Keep a document."""
        self._documents[document.text] = document
        self.weigh(document)

    def weigh(self, document: Document) -> None:
        """Make room for what a document has grown by, unless it has been forgotten meanwhile."""
        if self._documents.get(document.text) is not document:
            return
        weight = document.weight
        self._weight += weight - self._weights.get(document.text, 0)
        self._weights[document.text] = weight
        while len(self) > MAX_KEPT or (self._weight > MAX_WEIGHT and len(self) > 1):
            text, _ = self._documents.popitem(last=False)
            self._weight -= self._weights.pop(text)
