"""Trusted documents: the documents of a manifest, prepared at startup and found by ID."""

from collections.abc import Callable
from pathlib import Path

from graphql_api.execution.document import Document
from graphql_api.execution.document_validation import InvalidDocument
from graphql_api.security.document_manifest import BadManifest, document_ids, read_manifest


class TrustedDocuments:
    """Documents by ID. They are never evicted."""

    def __init__(self) -> None:
        self._documents: dict[str, Document] = {}

    @classmethod
    def from_manifest(cls, path: Path, prepare: Callable[[str], Document]) -> "TrustedDocuments":
        """Prepare all documents of a manifest. Raises BadManifest if one of them is invalid."""
        trusted = cls()
        for identifier, source in read_manifest(path).items():
            try:
                document = prepare(source)
            except InvalidDocument as invalid:
                problem = invalid.errors[0].message
                raise BadManifest(path, f"the document {identifier!r} is invalid: {problem}") from invalid
            trusted._documents.update(dict.fromkeys(document_ids(identifier, source), document))
        return trusted

    def get(self, identifier: str) -> Document | None:
        """Return the document with this ID or hash, or None."""
        return self._documents.get(identifier)
