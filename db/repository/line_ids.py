"""Ids of new cart lines. The domain has no randomness; it numbers the lines of one command behind a random prefix."""

from base64 import urlsafe_b64encode
from secrets import token_bytes

BYTES = 9  # 12 characters: of a billion commands, two have the same prefix with a probability of 1 to 10,000


def new_line_prefix() -> str:
    """Return the prefix of the ids of all lines that one command adds."""
    return urlsafe_b64encode(token_bytes(BYTES)).decode()
