"""The parameters of a GraphQL request, out of a body or a query string."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast
from urllib.parse import parse_qsl

import orjson

MAX_NESTING = 100
MAX_VALUES = 50_000  # in one request: a cart of the greatest size has less than half as many


class NotWellFormed(Exception):
    """What came is not a GraphQL request; the message says why."""


@dataclass(frozen=True, slots=True)
class Parameters:
    """A GraphQL request, whichever way it came. It has a query, a document_id, or what Apollo's clients send instead.

    Apollo's persisted_query is a hash, and may stand beside the query that it is the hash of.
    """

    query: str | None = None
    operation_name: str | None = None
    variables: Mapping[str, Any] = field(default_factory=dict)
    document_id: str | None = None
    persisted_query: str | None = None


def from_query(query_string: bytes) -> Parameters:
    """The parameters of a GET. Raises NotWellFormed."""
    try:
        pairs = parse_qsl(query_string.decode("ascii"), keep_blank_values=True, errors="strict")
    except ValueError as error:  # not ASCII, not UTF-8 behind the percent signs, too many fields
        raise NotWellFormed("The query string is not percent-encoded UTF-8.") from error
    given: dict[str, Any] = dict(pairs)
    if len(given) < len(pairs):
        raise NotWellFormed("A parameter is given twice.")
    for name in ("variables", "extensions"):
        if name in given:
            given[name] = parsed(given[name].encode()) if given[name] else None
    return checked(given)


def from_body(body: bytes) -> Parameters:
    """The parameters of a POST. Raises NotWellFormed."""
    return checked(parsed(body))


def parsed(text: bytes) -> Any:
    """The JSON of a text. Raises NotWellFormed."""
    opened = text.count(b"[") + text.count(b"{")  # those in strings, too, which nobody fills with so many
    if opened > MAX_VALUES:
        raise NotWellFormed(f"The request has more than {MAX_VALUES} lists and objects.")
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise NotWellFormed(f"The request is not JSON in UTF-8: {error}.") from error
    if opened > MAX_NESTING or text.count(b",") > MAX_VALUES:
        measure(value)
    return value


def measure(value: Any) -> None:
    """Raises NotWellFormed where values stand too deep in each other, or are too many."""
    depth, values, level = 0, 0, [value]
    while level := [each for each in level if isinstance(each, dict | list)]:
        depth += 1
        values += sum(map(len, level))
        if depth > MAX_NESTING:
            raise NotWellFormed(f"The request nests deeper than {MAX_NESTING} levels.")
        if values > MAX_VALUES:
            raise NotWellFormed(f"The request has more than {MAX_VALUES} values.")
        level = [inner for each in level for inner in (each.values() if isinstance(each, dict) else each)]


def checked(given: Any) -> Parameters:
    """The parameters, each of its type. Raises NotWellFormed."""
    if not isinstance(given, dict):
        raise NotWellFormed("The request has to be a JSON object with the key query; batches are not taken.")
    query, document_id, name = given.get("query"), given.get("documentId"), given.get("operationName")
    variables, extensions = given.get("variables"), given.get("extensions")
    for label, text in (("query", query), ("documentId", document_id), ("operationName", name)):
        if text is not None and not isinstance(text, str):
            raise NotWellFormed(f"{label} has to be a string.")
    for label, value in (("variables", variables), ("extensions", extensions)):
        if value is not None and not isinstance(value, dict):
            raise NotWellFormed(f"{label} has to be an object.")
    persisted_query = hash_of(extensions) if extensions else None
    if document_id is not None and (query is not None or persisted_query is not None):
        raise NotWellFormed("documentId names the document; leave query and extensions.persistedQuery out beside it.")
    if query is None and document_id is None and persisted_query is None:
        raise NotWellFormed("query has to be a string, unless documentId names a trusted document.")
    return Parameters(query, name or None, variables or {}, document_id, persisted_query)


def hash_of(extensions: Mapping[str, Any]) -> str | None:
    """The hash by which Apollo's clients name a document. Raises NotWellFormed."""
    given = extensions.get("persistedQuery")
    if given is None:
        return None
    if not isinstance(given, dict) or given.get("version") != 1 or not isinstance(given.get("sha256Hash"), str):
        raise NotWellFormed("extensions.persistedQuery has to be an object with version 1 and a sha256Hash.")
    return cast(str, given["sha256Hash"])
