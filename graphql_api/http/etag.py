"""Whether a client has an answer already: RFC 9110, entity tags. Answers are kept by the client alone, if at all."""

import re
from hashlib import blake2b

KEPT = "private, no-cache"  # by the one who asked, who asks each time whether it still holds
NOT_KEPT = "no-store"
TAG = re.compile(r'(?:W/)?("[^"]*")')


def etag(content: bytes) -> str:
    """The tag of an answer: a weak one, since it is the same whatever coding it travels in."""
    return f'W/"{blake2b(content, digest_size=16).hexdigest()}"'


def is_kept(if_none_match: str | None, tag: str) -> bool:
    """Whether a client names the tag of what it has."""
    if if_none_match is None:
        return False
    return if_none_match.strip() == "*" or tag.removeprefix("W/") in TAG.findall(if_none_match)
