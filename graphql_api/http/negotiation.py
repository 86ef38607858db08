"""What a client takes and sends, by RFC 9110: media types and content codings."""

from email.message import Message
from functools import lru_cache

from graphql_api.http.compression import CODINGS

ANSWER = "application/graphql-response+json"
JSON = "application/json"
HTML = "text/html"
EVENTS = "text/event-stream"

MOST_LISTED = 50  # members of a header's list that are read; no browser sends half as many
LONGEST_TYPE = 200  # characters


@lru_cache(maxsize=256)
def chosen(accept: str | None) -> str | None:
    """The media type to answer in: application/json without a header; None where the client takes none of ours."""
    if accept is None:
        return JSON
    offered = {type_: quality(accept, type_) for type_ in (JSON, ANSWER)}
    best = max(offered, key=lambda type_: (offered[type_], named(accept, type_)))
    return best if offered[best] > 0 else None


@lru_cache(maxsize=256)
def wants_page(accept: str | None) -> bool:
    """Whether the client is a browser: it names text/html, and likes it no less than JSON."""
    if accept is None or not named(accept, HTML):
        return False
    return 0 < quality(accept, HTML) >= max(quality(accept, JSON), quality(accept, ANSWER))


@lru_cache(maxsize=256)
def coding(accept_encoding: str | None) -> str | None:
    """The content coding that a client likes best of those spoken here; None for content as it is."""
    if accept_encoding is None:
        return None
    weights: dict[str, float] = {}
    for part in listed(accept_encoding):
        name, *options = (piece.strip().lower() for piece in part.split(";"))
        weights[name] = weight(options)
    offered = {name: weights.get(name, weights.get("*", 0)) for name in CODINGS}
    best = max(offered, key=lambda name: offered[name])
    return best if offered[best] > 0 and offered[best] >= weights.get("identity", 0) else None


@lru_cache(maxsize=256)
def wants_events(accept: str | None) -> bool:
    """Whether the client names text/event-stream as what it takes."""
    return accept is not None and named(accept, EVENTS) and quality(accept, EVENTS) > 0


@lru_cache(maxsize=256)
def is_json(content_type: str | None) -> bool:
    """Whether a body is application/json in UTF-8: exactly, not something that has it in its name."""
    if content_type is None or len(content_type) > LONGEST_TYPE:
        return False
    message = Message()
    message["Content-Type"] = content_type
    charset = message.get_param("charset", "utf-8")
    return message.get_content_type() == JSON and str(charset).lower() in ("utf-8", "utf8")


def quality(accept: str, media_type: str) -> float:
    """How much a client likes a media type, from 0 to 1: the most specific range that fits decides."""
    return max(ranges(accept, media_type), default=(0, 0))[1]


def named(accept: str, media_type: str) -> bool:
    """Whether a client names a media type itself, not only a range that it falls in."""
    return any(specific == 2 for specific, _ in ranges(accept, media_type))


def ranges(accept: str, media_type: str) -> list[tuple[int, float]]:
    """The ranges of an Accept header that a media type falls in: how specific each is, and its weight."""
    found = []
    for part in listed(accept):
        name, *options = (piece.strip().lower() for piece in part.split(";"))
        fits = {"*/*": 0, f"{media_type.split('/', maxsplit=1)[0]}/*": 1, media_type: 2}
        if name in fits:
            found.append((fits[name], weight(options)))
    return found


def listed(header: str) -> list[str]:
    """The members of a header that is a list."""
    return header.split(",", MOST_LISTED)[:MOST_LISTED]


def weight(options: list[str]) -> float:
    """The q of a media range; one that cannot be read counts as 1."""
    for option in options:
        if option.startswith("q="):
            try:
                return min(max(float(option[2:]), 0), 1)
            except ValueError:
                return 1
    return 1
