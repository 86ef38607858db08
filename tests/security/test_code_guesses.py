"""A session token can try only so many codes; keys are not counted."""

import pytest
from api_server import Api
from promotion_shop import add_campaign, add_code, percent
from shop import line
from token_requests import change, codes, token

from graphql_api.errors import RateLimited
from graphql_api.security import code_guesses
from graphql_api.security.code_guesses import CodeGuesses


@pytest.fixture
def stocked(api: Api) -> Api:
    """A shop with a coupon for everybody and one for another customer."""
    campaign = add_campaign(api.shop, percent("10"), requires="COUPON")
    add_code(api.shop, campaign, "HELLO")
    add_code(api.shop, campaign, "EVE", recipient_id="eve")
    api.shop.create("own", profile_id="ada", cart_items=[line()])
    return api


def test_token_is_limited_after_20_codes_that_fail(stocked: Api) -> None:
    writer = token(stocked, "WRITE_CART")
    for number in range(9):
        assert codes(change(stocked, writer, coupon=f"GUESS {number}", referral=f"GUESS {number}")) == []
    assert codes(change(stocked, writer, coupon="EVE", referral=None)) == []
    assert codes(change(stocked, writer, coupon="hello")) == []
    assert codes(change(stocked, writer, coupon="GUESS")) == []
    assert codes(change(stocked, writer, coupon="GUESS", expectedVersion=1)) == ["RATE_LIMITED"]

    answer = change(stocked, writer, coupon="HELLO")

    assert codes(answer) == ["RATE_LIMITED"]
    assert answer["errors"][0]["message"].startswith("This session token has tried 20 codes that are not accepted")
    assert codes(change(stocked, writer, coupon=None)) == []
    assert codes(change(stocked, token(stocked, "WRITE_CART", expiresIn=60), coupon="X")) == ["RATE_LIMITED"]
    assert codes(change(stocked, "writer", coupon="X")) == []


def test_refused_change_and_a_code_that_stays_are_not_counted(stocked: Api) -> None:
    writer = token(stocked, "WRITE_CART")
    change(stocked, "writer", coupon="X")
    for _ in range(25):
        assert codes(change(stocked, writer, coupon="X")) == []
        assert codes(change(stocked, writer, coupon="Y", expectedVersion=77)) == ["VERSION_CONFLICT"]


def test_count_ends_with_the_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = 100.0
    monkeypatch.setattr(code_guesses, "monotonic", lambda: seconds)
    guesses = CodeGuesses(1)
    guesses.try_codes("a", 1)
    with pytest.raises(RateLimited):
        guesses.try_codes("a", 1)
    guesses.try_codes("b", 1)
    guesses.take_back("b", 1)
    guesses.try_codes("b", 1)

    seconds = 160.0
    guesses.try_codes("a", 1)
    guesses.take_back("b", 1)  # its minute has ended
    guesses.try_codes("b", 1)
