"""Read manifests of trusted documents, as graphql-codegen, relay-compiler and Apollo's tools write them."""

from collections.abc import Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import orjson

from graphql_api.settings import InvalidSetting

APOLLO = "apollo-persisted-query-manifest"
PREFIX = "sha256:"


class BadManifest(InvalidSetting):
    """A manifest cannot be used; the message names the file and the entry."""

    def __init__(self, path: Path, problem: str) -> None:
        super().__init__(f"{path}: {problem}")


def read_manifest(path: Path) -> Mapping[str, str]:
    """Return the documents of a manifest by ID. Raises BadManifest.

    graphql-codegen and relay-compiler write one object, ``{id: document}``; Apollo's tools a list of operations.
    """
    try:
        manifest = orjson.loads(path.read_bytes())
    except OSError as error:
        raise BadManifest(path, f"the manifest of trusted documents cannot be read: {error.strerror}.") from error
    except orjson.JSONDecodeError as error:
        raise BadManifest(path, f"the manifest of trusted documents is not JSON: {error}.") from error
    if not isinstance(manifest, dict):
        raise BadManifest(path, "the manifest of trusted documents must be an object, {id: document}.")
    documents: dict[str, str] = {}
    entries = apollo_entries(path, manifest) if manifest.get("format") == APOLLO else manifest.items()
    for identifier, document in entries:
        if not isinstance(document, str):
            raise BadManifest(path, f"the document {identifier!r} must be a string.")
        if documents.setdefault(identifier, document) != document:
            raise BadManifest(path, f"two documents have the id {identifier!r}.")
        if identifier.startswith(PREFIX) and identifier != PREFIX + sha256_of(document):
            raise BadManifest(path, f"the document {identifier!r} does not have that hash.")
    return documents


def apollo_entries(path: Path, manifest: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield the IDs and bodies of an Apollo manifest. Raises BadManifest."""
    if manifest.get("version") != 1:
        raise BadManifest(path, f"version {manifest.get('version')!r} of {APOLLO} is not supported; 1 is.")
    operations = manifest.get("operations")
    if not isinstance(operations, list):
        raise BadManifest(path, "operations must be a list.")
    for index, operation in enumerate(operations):
        if not isinstance(operation, dict) or not isinstance(operation.get("id"), str):
            raise BadManifest(path, f"operations[{index}] has no id.")
        yield operation["id"], operation.get("body")


def document_ids(identifier: str, document: str) -> tuple[str, ...]:
    """Return all IDs of a document: its ID in the manifest, and its hash with and without ``sha256:``."""
    digest = sha256_of(document)
    return identifier, PREFIX + digest, digest


def sha256_of(document: str) -> str:
    """Return the SHA-256 in hexadecimal, as the persisted documents appendix of GraphQL over HTTP defines it."""
    return sha256(document.encode()).hexdigest()
