"""Content negotiation by RFC 9110: media types and content codings."""

from email.message import Message
from functools import lru_cache

from graphql_api.http.compression import COMPRESSORS

GRAPHQL_RESPONSE = "application/graphql-response+json"
JSON = "application/json"
HTML = "text/html"
EVENT_STREAM = "text/event-stream"

MAX_MEMBERS = 50  # of a header's list that are read; browsers send half as many
MAX_CONTENT_TYPE_LENGTH = 200


@lru_cache(maxsize=256)
def response_type(accept: str | None) -> str | None:
    """Return the media type of a single response: application/json by default; None if the client accepts neither."""
    if accept is None:
        return JSON
    qualities = {media_type: quality(accept, media_type) for media_type in (JSON, GRAPHQL_RESPONSE)}
    best = max(qualities, key=lambda media_type: (qualities[media_type], is_named(accept, media_type)))
    return best if qualities[best] > 0 else None


@lru_cache(maxsize=256)
def prefers_html(accept: str | None) -> bool:
    """Return whether the client is a browser: it names text/html, with at least the quality of JSON."""
    if accept is None or not is_named(accept, HTML):
        return False
    return 0 < quality(accept, HTML) >= max(quality(accept, JSON), quality(accept, GRAPHQL_RESPONSE))


@lru_cache(maxsize=256)
def accepts_events(accept: str | None) -> bool:
    """Return whether the client names text/event-stream."""
    return accept is not None and is_named(accept, EVENT_STREAM) and quality(accept, EVENT_STREAM) > 0


@lru_cache(maxsize=256)
def content_coding(accept_encoding: str | None) -> str | None:
    """Return the content coding that the client prefers among those of the server, or None for no compression."""
    if accept_encoding is None:
        return None
    weights: dict[str, float] = {}
    for member in members(accept_encoding):
        name, *parameters = (piece.strip().lower() for piece in member.split(";"))
        weights[name] = weight(parameters)
    qualities = {coding: weights.get(coding, weights.get("*", 0)) for coding in COMPRESSORS}
    best = max(qualities, key=lambda coding: qualities[coding])
    return best if qualities[best] > 0 and qualities[best] >= weights.get("identity", 0) else None


@lru_cache(maxsize=256)
def is_json(content_type: str | None) -> bool:
    """Return whether a body is application/json in UTF-8. The whole type is compared, not a part of it."""
    if content_type is None or len(content_type) > MAX_CONTENT_TYPE_LENGTH:
        return False
    message = Message()
    message["Content-Type"] = content_type
    charset = message.get_param("charset", "utf-8")
    return message.get_content_type() == JSON and str(charset).lower() in ("utf-8", "utf8")


def quality(accept: str, media_type: str) -> float:
    """Return the quality of a media type, from 0 to 1: that of the most specific range that matches it."""
    return max(matching_ranges(accept, media_type), default=(0, 0))[1]


def is_named(accept: str, media_type: str) -> bool:
    """Return whether the header names a media type itself, not only a range that includes it."""
    return any(specificity == 2 for specificity, _ in matching_ranges(accept, media_type))


def matching_ranges(accept: str, media_type: str) -> list[tuple[int, float]]:
    """Return the specificity (0 to 2) and the weight of each range of an Accept header that matches a media type."""
    specificities = {"*/*": 0, f"{media_type.split('/', maxsplit=1)[0]}/*": 1, media_type: 2}
    found = []
    for member in members(accept):
        name, *parameters = (piece.strip().lower() for piece in member.split(";"))
        if name in specificities:
            found.append((specificities[name], weight(parameters)))
    return found


def members(header: str) -> list[str]:
    """Return the members of a header whose value is a list."""
    return header.split(",", MAX_MEMBERS)[:MAX_MEMBERS]


def weight(parameters: list[str]) -> float:
    """Return the parameter q, from 0 to 1; an invalid one counts as 1."""
    for parameter in parameters:
        if parameter.startswith("q="):
            try:
                return min(max(float(parameter[2:]), 0), 1)
            except ValueError:
                return 1
    return 1
