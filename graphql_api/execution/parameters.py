"""Parse the parameters of a GraphQL request from a JSON body or a query string."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast
from urllib.parse import parse_qsl

import orjson

MAX_NESTING = 100
MAX_VALUES = 50_000  # in one request; the largest permitted cart has fewer than half as many


class MalformedRequest(Exception):
    """The body or the query string is not a GraphQL request; the message says why."""


@dataclass(frozen=True, slots=True)
class Parameters:
    """A GraphQL request, independent of its transport.

    It has a query, a document_id, or persisted_query, the hash that Apollo's clients send alone or with the query.
    """

    query: str | None = None
    operation_name: str | None = None
    variables: Mapping[str, Any] = field(default_factory=dict)
    document_id: str | None = None
    persisted_query: str | None = None


def parse_query_string(query_string: bytes) -> Parameters:
    """Return the parameters of a GET. Raises MalformedRequest."""
    try:
        pairs = parse_qsl(query_string.decode("ascii"), keep_blank_values=True, errors="strict")
    except ValueError as error:  # not ASCII, not UTF-8 once decoded, or too many fields
        raise MalformedRequest("The query string is not percent-encoded UTF-8.") from error
    values: dict[str, Any] = dict(pairs)
    if len(values) < len(pairs):
        raise MalformedRequest("A parameter is given twice.")
    for name in ("variables", "extensions"):
        if name in values:
            values[name] = parse_json(values[name].encode()) if values[name] else None
    return to_parameters(values)


def parse_body(body: bytes) -> Parameters:
    """Return the parameters of a POST. Raises MalformedRequest."""
    return to_parameters(parse_json(body))


def parse_json(text: bytes) -> Any:
    """Return the value of a JSON text within the limits. Raises MalformedRequest."""
    opened = text.count(b"[") + text.count(b"{")  # an upper bound: those within strings are counted, too
    if opened > MAX_VALUES:
        raise MalformedRequest(f"The request has more than {MAX_VALUES} lists and objects.")
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise MalformedRequest(f"The request is not JSON in UTF-8: {error}.") from error
    if opened > MAX_NESTING or text.count(b",") > MAX_VALUES:
        check_size(value)
    return value


def check_size(value: Any) -> None:
    """Raise MalformedRequest if values are nested too deeply or are too many."""
    depth, count, level = 0, 0, [value]
    while level := [each for each in level if isinstance(each, dict | list)]:
        depth += 1
        count += sum(map(len, level))
        if depth > MAX_NESTING:
            raise MalformedRequest(f"The request nests deeper than {MAX_NESTING} levels.")
        if count > MAX_VALUES:
            raise MalformedRequest(f"The request has more than {MAX_VALUES} values.")
        level = [inner for each in level for inner in (each.values() if isinstance(each, dict) else each)]


def to_parameters(values: Any) -> Parameters:
    """Return the parameters after checking their types. Raises MalformedRequest."""
    if not isinstance(values, dict):
        raise MalformedRequest("The request must be a JSON object with the key query; batches are not supported.")
    query, document_id, name = values.get("query"), values.get("documentId"), values.get("operationName")
    variables, extensions = values.get("variables"), values.get("extensions")
    for label, text in (("query", query), ("documentId", document_id), ("operationName", name)):
        if text is not None and not isinstance(text, str):
            raise MalformedRequest(f"{label} must be a string.")
    for label, value in (("variables", variables), ("extensions", extensions)):
        if value is not None and not isinstance(value, dict):
            raise MalformedRequest(f"{label} must be an object.")
    persisted_query = persisted_query_hash(extensions) if extensions else None
    if document_id is not None and (query is not None or persisted_query is not None):
        raise MalformedRequest("documentId cannot be combined with query or extensions.persistedQuery.")
    if query is None and document_id is None and persisted_query is None:
        raise MalformedRequest("query must be a string, unless documentId names a trusted document.")
    return Parameters(query, name or None, variables or {}, document_id, persisted_query)


def persisted_query_hash(extensions: Mapping[str, Any]) -> str | None:
    """Return the hash in Apollo's ``persistedQuery`` extension, or None without it. Raises MalformedRequest."""
    persisted = extensions.get("persistedQuery")
    if persisted is None:
        return None
    if (
        not isinstance(persisted, dict)
        or persisted.get("version") != 1
        or not isinstance(persisted.get("sha256Hash"), str)
    ):
        raise MalformedRequest("extensions.persistedQuery must be an object with version 1 and a sha256Hash.")
    return cast(str, persisted["sha256Hash"])
