"""Exact amounts: limits, format, rounding and allocation."""

from decimal import Decimal
from fractions import Fraction
from math import floor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from db.domain.decimals import format_decimal
from db.domain.errors import InvalidInput
from db.domain.money import RoundingMode, allocate, divide, problems

PATH = ("price",)
MILLION = 1_000_000
AMOUNTS = st.builds(
    lambda units, zeros: Decimal(f"{Decimal(units).scaleb(-4):f}{'0' * zeros}"),
    st.integers(0, 10**18 - 1),
    st.integers(0, 12),
)


@pytest.mark.parametrize(
    "text",
    ["0", "0.0001", "156.30", "99999999999999.9999", "1E+5", "0.50000000", "0E+999999999", "0E-999999999"],
)
def test_amount_within_the_limits_is_accepted(text: str) -> None:
    assert not list(problems(Decimal(text), PATH))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("-0.01", "Expected 0 or more, got -0.01."),
        ("-0", "Expected 0 or more, got -0."),
        ("-1E+999999999", "Expected 0 or more, got -1E+999999999."),
        ("100000000000000", "Expected less than 10^14, got 100000000000000."),
        ("1E+14", "Expected less than 10^14, got 1E+14."),
        ("1E+999999999", "Expected less than 10^14, got 1E+999999999."),
        ("0.00001", "Expected at most 4 decimal places, got 0.00001."),
        ("1E-999999999", "Expected at most 4 decimal places, got 1E-999999999."),
        ("99999999999999.99999", "Expected at most 4 decimal places, got 99999999999999.99999."),
        ("NaN", "Expected a number, got NaN."),
        ("sNaN", "Expected a number, got sNaN."),
        ("Infinity", "Expected a number, got Infinity."),
        ("-Infinity", "Expected a number, got -Infinity."),
    ],
)
def test_amount_beyond_the_limits_is_refused_with_its_path(text: str, problem: str) -> None:
    assert list(problems(Decimal(text), PATH)) == [InvalidInput(path=PATH, problem=problem)]


@pytest.mark.parametrize("text", ["9" * MILLION, f"0.{'1' * MILLION}", f"NaN{'1' * MILLION}"])
def test_message_for_a_million_digits_is_short(text: str) -> None:
    (refusal,) = problems(Decimal(text), PATH)
    assert len(refusal.message) <= 100
    assert refusal.message.endswith("....")


def test_trailing_zeros_are_no_decimal_places() -> None:
    assert not list(problems(Decimal(f"1.{'0' * MILLION}"), PATH))


@pytest.mark.parametrize(("digits", "text"), [(0, "0.5"), (2, "0.005"), (3, "0.0005")])
def test_amount_with_too_many_decimal_places_is_refused(digits: int, text: str) -> None:
    problem = f"Expected at most {digits} decimal places, got {text}."
    assert list(problems(Decimal(text), PATH, minor_digits=digits)) == [InvalidInput(path=PATH, problem=problem)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0", "0"),
        ("0.000", "0"),
        ("1.50", "1.5"),
        ("100", "100"),
        ("1E+5", "100000"),
        ("0.0125", "0.0125"),
        ("10.00", "10"),
    ],
)
def test_decimal_places_are_the_fewest_that_the_value_needs(text: str, expected: str) -> None:
    assert format_decimal(Decimal(text), 0) == expected


@pytest.mark.parametrize(
    ("text", "digits", "expected"),
    [
        ("156.3", 2, "156.30"),
        ("500", 0, "500"),
        ("0.0125", 2, "0.0125"),
        ("0", 2, "0.00"),
        ("0", 0, "0"),
        ("1E+5", 2, "100000.00"),
        ("0E+999999999", 2, "0.00"),
        ("1.5000000", 0, "1.5"),
        ("1.2", 3, "1.200"),
        ("99999999999999.9999", 4, "99999999999999.9999"),
    ],
)
def test_format_has_the_minor_digits_and_no_more_than_needed(text: str, digits: int, expected: str) -> None:
    assert format_decimal(Decimal(text), digits) == expected


@given(AMOUNTS, st.sampled_from([0, 2, 3, 4]))
def test_formatted_amount_is_equal_and_has_at_least_the_minor_digits(amount: Decimal, digits: int) -> None:
    text = format_decimal(amount, digits)
    whole, _, decimals = text.partition(".")
    assert Decimal(text) == amount
    assert (whole + decimals).isdigit()
    assert whole == str(int(whole))
    assert digits <= len(decimals) <= 4
    assert len(decimals) == digits or not decimals.endswith("0")


@pytest.mark.parametrize(
    ("numerator", "down", "half_up", "half_even"),
    [(4, 0, 0, 0), (5, 0, 1, 0), (6, 0, 1, 1), (10, 1, 1, 1), (15, 1, 2, 2), (25, 2, 3, 2), (26, 2, 3, 3)],
)
def test_division_rounds_by_the_rounding_mode(numerator: int, down: int, half_up: int, half_even: int) -> None:
    assert divide(numerator, 10, RoundingMode.DOWN) == down
    assert divide(numerator, 10, RoundingMode.HALF_UP) == half_up
    assert divide(numerator, 10, RoundingMode.HALF_EVEN) == half_even


@given(st.integers(0, 10**30), st.integers(1, 10**6))
def test_division_is_rounded_like_exact_fractions(numerator: int, denominator: int) -> None:
    exact = Fraction(numerator, denominator)
    assert divide(numerator, denominator, RoundingMode.DOWN) == floor(exact)
    assert divide(numerator, denominator, RoundingMode.HALF_UP) == floor(exact + Fraction(1, 2))
    assert divide(numerator, denominator, RoundingMode.HALF_EVEN) == round(exact)


@pytest.mark.parametrize(
    ("amount", "weights", "digits", "shares"),
    [
        ("10.00", ["1", "1", "1"], 2, ["3.34", "3.33", "3.33"]),
        ("0.02", ["1", "1", "1"], 2, ["0.01", "0.01", "0.00"]),
        ("10", ["1", "1", "1"], 0, ["4", "3", "3"]),
        ("1", ["1", "2"], 0, ["0", "1"]),
        ("0.01", ["0.005", "0.005"], 2, ["0.01", "0"]),
        ("5.00", ["0", "7.5", "0"], 2, ["0", "5.00", "0"]),
        ("0", ["3", "4"], 2, ["0", "0"]),
        ("0", ["0", "0"], 2, ["0", "0"]),
        ("0", [], 2, []),
        ("99999999999999.9999", ["1", "1"], 4, ["50000000000000.0000", "49999999999999.9999"]),
    ],
)
def test_allocation_is_by_largest_remainder_and_ties_go_to_the_lower_position(
    amount: str, weights: list[str], digits: int, shares: list[str]
) -> None:
    assert allocate(Decimal(amount), [Decimal(weight) for weight in weights], digits) == [Decimal(s) for s in shares]


def test_amount_with_an_exponent_is_allocated() -> None:
    assert allocate(Decimal("1E+2"), [Decimal("1E+5"), Decimal("3E+5")], 2) == [25, 75]
