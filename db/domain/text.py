"""Text: any Unicode except U+0000, which PostgreSQL cannot store, and lone surrogates, which have no UTF-8 form."""

import re
from collections.abc import Sequence

from db.domain.errors import InvalidInput, Refusal

UNSTORABLE = re.compile("[\0\ud800-\udfff]")

# Limits of integration IDs, profile IDs and SKUs. PostgreSQL refuses a row of an index above 2,704 bytes.
MAX_KEY_LENGTH = 1_000  # code points
MAX_KEY_BYTES = 1_300


def problems(value: str, path: tuple[str, ...], *, min_length: int = 0, max_length: int) -> Sequence[Refusal]:
    """Return the refusal of a text of the wrong length (in code points) or with a character that cannot be stored."""
    if not min_length <= len(value) <= max_length:
        expected = f"{min_length} to {max_length}" if min_length else f"at most {max_length}"
        return [InvalidInput(path=path, problem=f"Expected {expected} characters, got {len(value)}.")]
    if (character := find_unstorable(value)) is not None:
        return [InvalidInput(path=path, problem=f"{character} cannot be stored.")]
    return ()


def key_problems(value: str, path: tuple[str, ...], *, min_length: int = 1) -> Sequence[Refusal]:
    """Return the refusal of an integration ID, a profile ID or a SKU, which an index has to hold whole."""
    if found := problems(value, path, min_length=min_length, max_length=MAX_KEY_LENGTH):
        return found
    if (size := len(value.encode())) > MAX_KEY_BYTES:
        return [InvalidInput(path=path, problem=f"Expected at most {MAX_KEY_BYTES} bytes of UTF-8, got {size}.")]
    return ()


def find_unstorable(value: str) -> str | None:
    """Name the first character that cannot be stored, or return None."""
    match = UNSTORABLE.search(value)
    if match is None:
        return None
    code = ord(match[0])
    return f"The lone surrogate U+{code:04X}" if code else "The character U+0000"
