"""Texts as long as an integration may set, no two of them alike, and none that a database could shorten."""

from random import Random

_random = Random(1)  # noqa: S311  # the same texts every time

LONGEST = "".join(chr(_random.randrange(0x10000, 0x20000)) for _ in range(1_000))  # 4,000 bytes
ALIKE = (  # in their first 500 characters, or nearly: an index of PostgreSQL has no more of them
    LONGEST,
    LONGEST[:999],
    LONGEST[:999] + "z",
    LONGEST[:500],
    LONGEST[:500] + "\\",
    LONGEST[:500] + "\\x41",
    LONGEST[:500] + "A",
    LONGEST[:499],
    LONGEST[:499] + "z",
    LONGEST[1:],
    "z" * 1_000,
    "z" * 999 + "y",
    "\\x" + LONGEST[:998],
    "short",
)
