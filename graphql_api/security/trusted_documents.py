"""Manifests of trusted documents: the files that a client's build writes, and the ids that its requests name."""

from collections.abc import Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import orjson

from graphql_api.settings import WrongSetting

APOLLO = "apollo-persisted-query-manifest"
PREFIX = "sha256:"


class BadManifest(WrongSetting):
    """A manifest that cannot be used; the message names the file and the entry."""

    def __init__(self, path: Path, problem: str) -> None:
        super().__init__(f"{path}: {problem}")


def read(path: Path) -> Mapping[str, str]:
    """The documents of a manifest by their ids. Raises BadManifest.

    graphql-codegen and relay-compiler write one object, ``{id: document}``; Apollo's tools a list of operations.
    """
    try:
        manifest = orjson.loads(path.read_bytes())
    except OSError as error:
        raise BadManifest(path, f"the manifest of trusted documents cannot be read: {error.strerror}.") from error
    except orjson.JSONDecodeError as error:
        raise BadManifest(path, f"the manifest of trusted documents is not JSON: {error}.") from error
    if not isinstance(manifest, dict):
        raise BadManifest(path, "the manifest of trusted documents has to be an object, {id: document}.")
    documents: dict[str, str] = {}
    for identifier, document in of_apollo(path, manifest) if manifest.get("format") == APOLLO else manifest.items():
        if not isinstance(document, str):
            raise BadManifest(path, f"the document {identifier!r} is no text.")
        if documents.setdefault(identifier, document) != document:
            raise BadManifest(path, f"two documents have the id {identifier!r}.")
        if identifier.startswith(PREFIX) and identifier != PREFIX + digest(document):
            raise BadManifest(path, f"the document {identifier!r} is not the one with that hash.")
    return documents


def of_apollo(path: Path, manifest: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """The ids and bodies of an Apollo manifest. Raises BadManifest."""
    if manifest.get("version") != 1:
        raise BadManifest(path, f"version {manifest.get('version')!r} of {APOLLO} is not known here; 1 is.")
    operations = manifest.get("operations")
    if not isinstance(operations, list):
        raise BadManifest(path, "operations has to be a list.")
    for number, operation in enumerate(operations):
        if not isinstance(operation, dict) or not isinstance(operation.get("id"), str):
            raise BadManifest(path, f"operations[{number}] has no id.")
        yield operation["id"], operation.get("body")


def names(identifier: str, document: str) -> tuple[str, ...]:
    """What a request may call a document: the manifest's id, and the hash of the text with and without its prefix."""
    hexadecimal = digest(document)
    return identifier, PREFIX + hexadecimal, hexadecimal


def digest(document: str) -> str:
    """The SHA-256 of a document, as the persisted documents appendix of GraphQL over HTTP writes it."""
    return sha256(document.encode()).hexdigest()
