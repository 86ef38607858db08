"""Patterns of random codes."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from db.domain.promotions.code import normalize
from db.domain.promotions.code_pattern import CodePattern, character_problems, pattern_problems

CHARACTERS = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=2, max_size=8).filter(
    lambda text: not character_problems(text)
)
PATTERNS = st.text("#aZ- 9", min_size=1, max_size=6).filter(lambda text: "#" in text)


def test_codes_have_numbers() -> None:
    pattern = CodePattern.of("x#-#", "bA0")

    assert [pattern.code(number) for number in range(9)] == [
        *("x0-0", "x0-A", "x0-b"),
        *("xA-0", "xA-A", "xA-b"),
        *("xb-0", "xb-A", "xb-b"),
    ]
    assert pattern.size == 9
    assert [pattern.number(text) for text in ("X0-0", "XB-A", "X0-1", "Y0-0", "X0-00")] == [0, 7, None, None, None]


@given(PATTERNS, CHARACTERS, st.data())
def test_order_of_codes_is_that_of_their_numbers(text: str, characters: str, data: st.DataObject) -> None:
    pattern = CodePattern.of(text, characters)
    numbers = sorted(data.draw(st.sets(st.integers(0, pattern.size - 1), min_size=1, max_size=20)))
    codes = [str(normalize(pattern.code(number))) for number in numbers]

    assert all(first < second for first, second in pairwise(codes))
    assert [pattern.number(code) for code in codes] == numbers


@given(PATTERNS, CHARACTERS, st.integers(1, 50), st.floats(0, 1, exclude_max=True))
def test_each_part_of_the_key_space_has_the_code_that_is_drawn_from_it(
    text: str, characters: str, parts: int, place: float
) -> None:
    pattern = CodePattern.of(text, characters)
    parts = min(parts, pattern.size)
    drawn = [pattern.draw(part, parts, lambda below: int(place * below)) for part in range(parts)]

    assert [pattern.part(str(normalize(code)), parts) for code in drawn] == list(range(parts))


@pytest.mark.parametrize(
    ("pattern", "characters", "count", "paths"),
    [
        ("########", "AB", 1, ["pattern"]),  # 256 possible codes
        ("##########", "AB", 1, []),  # 1,024
        ("##########", "AB", 2, ["pattern"]),
        ("SUMMER", "AB", 1, ["pattern"]),
        ("é###", "AB", 1, ["pattern"]),
        ("   ", "AB", 1, ["pattern"]),
        ("#" * 101, "AB", 1, ["pattern"]),
        ("#" * 100, "A", 1, ["characters"]),
        ("#" * 100, "A B", 1, ["characters"]),
        ("#" * 100, "Aa", 1, ["characters"]),
        ("#" * 100, "Aé", 1, ["characters"]),
        ("#" * 100, "", 1, ["characters"]),
        ("", "AA", 1, ["pattern", "characters"]),
    ],
)
def test_pattern_that_can_be_guessed_or_makes_no_codes_is_refused(
    pattern: str, characters: str, count: int, paths: list[str]
) -> None:
    assert [each.path[0] for each in pattern_problems(pattern, characters, count)] == paths


def test_refusal_says_how_many_codes_are_possible() -> None:
    (refusal,) = pattern_problems("NEW-##", "ABCDEFGHIJ", 5)

    assert refusal.message == (
        "Expected a pattern with at least 5000 possible codes, 1000 for each code to generate, so that codes cannot be"
        ' guessed; "NEW-##" has 100. Add a #.'
    )
