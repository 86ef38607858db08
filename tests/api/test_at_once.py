"""Fifty requests at once, as a shop sends them when everybody presses the button."""

import asyncio
from typing import Any

import pytest
from served import Api
from shop import line

pytestmark = pytest.mark.alone

CLOSE = """mutation($input: CloseSessionInput!) { closeSession(input: $input) {
  session { integrationId version state } replayed errors { __typename }
} }"""
CREATE = """mutation($input: CreateSessionInput!) { createSession(input: $input) {
  session { integrationId firstSession } errors { __typename }
} }"""
MANY = 50


def at_once(api: Api, document: str, inputs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The one field of each answer."""

    async def send() -> list[dict[str, Any]]:
        bodies = ({"query": document, "variables": {"input": input_}} for input_ in inputs)
        answers = await asyncio.gather(*(api.post(body) for body in bodies))
        return [next(iter(answer.json()["data"].values())) for answer in answers]

    return api.runner.run(send())


def test_of_fifty_who_close_one_succeeds_and_the_others_are_told_that_it_is_closed(api: Api) -> None:
    api.shop.create(cart_items=[line()])

    answers = at_once(api, CLOSE, [{"integrationId": "s1"}] * MANY)

    assert [answer["errors"] for answer in answers].count([]) == 1
    assert [answer["errors"] for answer in answers].count([{"__typename": "InvalidTransition"}]) == MANY - 1
    assert len(api.shop.history()) == 2


def test_fifty_identical_requests_with_one_key_are_one_change_and_fifty_equal_answers(api: Api) -> None:
    api.shop.create(cart_items=[line()])

    answers = at_once(api, CLOSE, [{"integrationId": "s1", "idempotencyKey": "1"}] * MANY)

    assert sorted(answer.pop("replayed") for answer in answers) == [False] + [True] * (MANY - 1)
    session = {"integrationId": "s1", "version": 2, "state": "CLOSED"}
    assert answers == [{"session": session, "errors": []}] * MANY
    assert len(api.shop.history()) == 2


def test_of_fifty_sessions_of_a_new_profile_exactly_one_is_first(api: Api) -> None:
    answers = at_once(api, CREATE, [{"integrationId": f"s{number}", "profileId": "ada"} for number in range(MANY)])

    assert sorted(answer["session"]["firstSession"] for answer in answers) == [False] * (MANY - 1) + [True]
