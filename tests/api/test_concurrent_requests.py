"""Fifty concurrent requests."""

import asyncio
from typing import Any

import pytest
from api_server import Api
from shop import line

pytestmark = pytest.mark.alone

CLOSE = """mutation($input: CloseSessionInput!) { closeSession(input: $input) {
  session { integrationId version state } replayed errors { __typename }
} }"""
CREATE = """mutation($input: CreateSessionInput!) { createSession(input: $input) {
  session { integrationId firstSession } errors { __typename }
} }"""
MANY = 50


def send_concurrently(api: Api, document: str, inputs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The one field of each answer."""

    async def send() -> list[dict[str, Any]]:
        bodies = ({"query": document, "variables": {"input": input_}} for input_ in inputs)
        answers = await asyncio.gather(*(api.post(body) for body in bodies))
        return [next(iter(answer.json()["data"].values())) for answer in answers]

    return api.runner.run(send())


def test_one_of_fifty_concurrent_closes_succeeds_and_the_others_are_refused(api: Api) -> None:
    api.shop.create(cart_items=[line()])

    answers = send_concurrently(api, CLOSE, [{"integrationId": "s1"}] * MANY)

    assert [answer["errors"] for answer in answers].count([]) == 1
    assert [answer["errors"] for answer in answers].count([{"__typename": "InvalidTransition"}]) == MANY - 1
    assert len(api.shop.history()) == 2


def test_fifty_requests_with_one_idempotency_key_are_one_change_with_fifty_equal_answers(api: Api) -> None:
    api.shop.create(cart_items=[line()])

    answers = send_concurrently(api, CLOSE, [{"integrationId": "s1", "idempotencyKey": "1"}] * MANY)

    assert sorted(answer.pop("replayed") for answer in answers) == [False] + [True] * (MANY - 1)
    session = {"integrationId": "s1", "version": 2, "state": "CLOSED"}
    assert answers == [{"session": session, "errors": []}] * MANY
    assert len(api.shop.history()) == 2


def test_one_of_fifty_sessions_created_for_a_new_profile_is_first(api: Api) -> None:
    answers = send_concurrently(
        api, CREATE, [{"integrationId": f"s{number}", "profileId": "ada"} for number in range(MANY)]
    )

    assert sorted(answer["session"]["firstSession"] for answer in answers) == [False] * (MANY - 1) + [True]
