"""What a string may be: any Unicode but U+0000, which PostgreSQL cannot store, and lone surrogates, which none can."""

import re
from collections.abc import Sequence

from db.domain.errors import InvalidInput, Refusal

UNSTORABLE = re.compile("[\0\ud800-\udfff]")


def problems(value: str, path: tuple[str, ...], *, least: int = 0, most: int) -> Sequence[Refusal]:
    """What is wrong with a string of ``least`` to ``most`` characters (code points); nothing where it is right."""
    if not least <= len(value) <= most:
        expected = f"{least} to {most}" if least else f"at most {most}"
        return [InvalidInput(path=path, problem=f"Expected {expected} characters, got {len(value)}.")]
    if (bad := unstorable(value)) is not None:
        return [InvalidInput(path=path, problem=f"{bad} cannot be stored.")]
    return ()


def unstorable(value: str) -> str | None:
    """The first character of ``value`` that no database takes, by name."""
    match = UNSTORABLE.search(value)
    if match is None:
        return None
    code = ord(match[0])
    return f"The lone surrogate U+{code:04X}" if code else "The character U+0000"
