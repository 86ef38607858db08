"""Texts of the maximum length of an integration ID, a profile ID or a SKU, and texts that are similar to them."""

from random import Random

_random = Random(1)  # noqa: S311  # the same texts in every run
_characters = [_random.randrange(0x21, 0x7F) for _ in range(900)] + [
    _random.randrange(0x10000, 0x20000) for _ in range(100)
]
_random.shuffle(_characters)

LONGEST = "".join(map(chr, _characters))  # 1,000 characters, 1,300 bytes, random so that databases cannot compress them
WIDEST = "".join(chr(_random.randrange(0x10000, 0x20000)) for _ in range(325))  # 1,300 bytes in the fewest characters
SIMILAR = (  # all are different
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
    WIDEST,
    WIDEST[:-1],
    WIDEST[:-1] + "z",
    "z" * 1_000,
    "z" * 999 + "y",
    "\\x" + LONGEST[:998],
    "short",
)
