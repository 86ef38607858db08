"""Entity tags (RFC 9110, 8.8.3), by which a client asks whether a response has changed."""

import re
from hashlib import blake2b

TAG = re.compile(r'(?:W/)?("[^"]*")')


def of(content: bytes) -> str:
    """Return the tag of a response: a weak one, as it is the same in every content coding."""
    return f'W/"{blake2b(content, digest_size=16).hexdigest()}"'


def matches(if_none_match: str | None, tag: str) -> bool:
    """Return whether an If-None-Match header names a tag, by weak comparison."""
    if if_none_match is None:
        return False
    return if_none_match.strip() == "*" or tag.removeprefix("W/") in TAG.findall(if_none_match)
