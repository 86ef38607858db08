"""Patterns of random codes, such as SUMMER-########, in which each # stands for a random character.

The possible codes are divided into as many equal parts as a batch has codes, and one code is drawn from each part, in
order. So no code is drawn twice, the last code shows how far a batch has got, and each guess has the same chance to hit
a code.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from db.domain.errors import InvalidInput, Refusal, quote
from db.domain.promotions.code import MAX_CODE, code_problems, normalize

PLACEHOLDER = "#"
DEFAULT_CHARACTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"  # without I, O, 0 and 1, which are read as each other
POSSIBLE_CODES_FOR_EACH = 1_000


@dataclass(frozen=True, slots=True)
class CodePattern:
    """A pattern, and the characters that its placeholders stand for, in the order of their normalized form."""

    pattern: str
    characters: str

    @classmethod
    def of(cls, pattern: str, characters: str = DEFAULT_CHARACTERS) -> "CodePattern":
        """Return a pattern whose codes have the order of their numbers."""
        return cls(pattern, "".join(sorted(characters, key=str.upper)))

    @property
    def size(self) -> int:
        """The number of possible codes."""
        return len(self.characters) ** self.pattern.count(PLACEHOLDER)

    def code(self, number: int) -> str:
        """Return a code by its number from 0."""
        base = len(self.characters)
        parts = []
        for character in reversed(self.pattern):
            if character == PLACEHOLDER:
                number, index = divmod(number, base)
                parts.append(self.characters[index])
            else:
                parts.append(character)
        return "".join(reversed(parts))

    def number(self, normalized: str) -> int | None:
        """Return the number of a normalized code, or None if the pattern does not make it."""
        pattern = self.pattern.strip().upper()
        if len(pattern) != len(normalized):
            return None
        indexes = {character.upper(): index for index, character in enumerate(self.characters)}
        number = 0
        for literal, character in zip(pattern, normalized, strict=True):
            if literal == PLACEHOLDER:
                if character not in indexes:
                    return None
                number = number * len(indexes) + indexes[character]
            elif literal != character:
                return None
        return number

    def draw(self, part: int, parts: int, below: Callable[[int], int]) -> str:
        """Return a code from one of equal parts of the key space. ``below`` draws a number from 0 to below another."""
        start, end = (each * self.size // parts for each in (part, part + 1))
        return self.code(start + below(end - start))

    def part(self, normalized: str, parts: int) -> int | None:
        """Return the part of the key space that has a normalized code, or None if the pattern does not make it."""
        number = self.number(normalized)
        return None if number is None else ((number + 1) * parts - 1) // self.size


def pattern_problems(pattern: str, characters: str, count: int) -> Sequence[Refusal]:
    """Return the refusals of a pattern and of its characters, for a number of codes."""
    found = [*code_problems(pattern, ("pattern",)), *character_problems(characters)]
    if found:
        return found
    size, needed = CodePattern.of(pattern, characters).size, count * POSSIBLE_CODES_FOR_EACH
    if size >= needed:
        return ()
    problem = (
        f"Expected a pattern with at least {needed} possible codes, {POSSIBLE_CODES_FOR_EACH} for each code to"
        f" generate, so that codes cannot be guessed; {quote(pattern)} has {size}. Add a {PLACEHOLDER}."
    )
    return [InvalidInput(path=("pattern",), problem=problem)]


def character_problems(characters: str) -> Sequence[Refusal]:
    """Return the refusal of characters that are too few or too many, cannot be in a code, or are listed twice."""
    if not 2 <= len(characters) <= MAX_CODE:
        problem = f"Expected 2 to {MAX_CODE} characters, got {len(characters)}."
    elif " " in characters or normalize(characters) is None:
        problem = "Expected printable ASCII characters without blanks."
    elif len({*characters.upper()}) != len(characters):
        problem = "A character is listed twice; upper and lower case of a letter are the same."
    else:
        return ()
    return [InvalidInput(path=("characters",), problem=problem)]
