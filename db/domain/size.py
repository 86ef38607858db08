"""The bytes that values take as JSON, the same on both databases. They bound what a session or a profile can hold."""

from collections.abc import Iterable
from json.encoder import encode_basestring
from typing import Any

MAX_BYTES = 512 * 1_024  # of a session, unless a setting says otherwise
ROW_BYTES = 100  # counted for the numbers of a line, a discount or an identifier, and for the quotes of its texts
TINY_NUMBER_BYTES = 23  # PostgreSQL writes 1e-20 with 20 decimal places


def texts_size(texts: Iterable[str | None]) -> int:
    """Return the bytes of UTF-8 of the texts with the escapes of JSON, without quotes."""
    escaped = encode_basestring("".join(filter(None, texts)))
    return (len(escaped) if escaped.isascii() else len(escaped.encode())) - 2


def json_size(value: Any) -> int:
    """Return the bytes of a value as JSON, with a space after each comma and colon, as jsonb is written."""
    match value:
        case str():
            return texts_size([value]) + 2
        case dict():
            return 2 + sum(json_size(key) + json_size(each) + 4 for key, each in value.items())
        case list():
            return 2 + sum(json_size(each) + 2 for each in value)
        case bool() | None:
            return 5
    digits = repr(value)
    return TINY_NUMBER_BYTES if "e" in digits else len(digits)
