"""Concurrent operations: changes of one session are serialized, and no update is lost."""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import pytest
from shop import Shop, line

from db.domain.commands import CloseSession, CreateSession, SessionContent, UpdateSession, UpsertSession
from db.domain.errors import InvalidTransition, Refused, SessionAlreadyExists
from db.domain.events import EventType, make_event
from db.domain.lifecycle import SessionState
from db.engine.errors import WriteConflict
from db.operations.outcome import Outcome
from db.operations.sessions import close_session, create_session, update_session, upsert_session
from db.repository.save import save_session

MANY = 50

# On PostgreSQL under each isolation level.
STORES = ["sqlite", "postgresql", "partitioned", "serializable"]
pytestmark = pytest.mark.parametrize("store", STORES, indirect=True, scope="session")


def at_once(shop: Shop, operation: Callable[..., Outcome], commands: Iterable[Any]) -> list[Outcome | BaseException]:
    """Run each change in its own transaction, all of them concurrently."""

    async def run() -> list[Outcome | BaseException]:
        writes = (shop.database.write(operation, shop.till, command, shop.now) for command in commands)
        return await asyncio.gather(*writes, return_exceptions=True)

    return shop.runner.run(run())


def refused(answers: Iterable[Outcome | BaseException]) -> list[object]:
    return [answer.refusals[0] for answer in answers if isinstance(answer, Refused)]


def outcomes(answers: Iterable[Outcome | BaseException]) -> list[Outcome]:
    return [answer for answer in answers if isinstance(answer, Outcome)]


def test_session_is_closed_once_by_concurrent_calls(shop: Shop) -> None:
    shop.create(cart_items=[line()])

    answers = at_once(shop, close_session, [CloseSession(**shop.name("s1"))] * MANY)

    no_move = InvalidTransition(
        from_=SessionState.CLOSED,
        to=SessionState.CLOSED,
        next_states=(SessionState.PARTIALLY_RETURNED, SessionState.CANCELLED),
    )
    assert [outcome.version for outcome in outcomes(answers)] == [2]
    assert refused(answers) == [no_move] * (MANY - 1)
    assert len(shop.history()) == 2


def test_concurrent_calls_with_one_idempotency_key_run_once_and_return_the_same(shop: Shop) -> None:
    shop.create(cart_items=[line()])

    answers = outcomes(at_once(shop, close_session, [CloseSession(**shop.name("s1"), idempotency_key="1")] * MANY))

    assert sorted(outcome.replayed for outcome in answers) == [False] + [True] * (MANY - 1)
    assert {(outcome.session_id, outcome.version) for outcome in answers} == {(1, 2)}
    assert len(shop.history()) == 2


def test_one_of_many_concurrent_sessions_of_a_new_profile_is_first(shop: Shop) -> None:
    names = [f"s{number}" for number in range(MANY)]
    content = SessionContent(profile_id="ada")

    answers = at_once(shop, create_session, [CreateSession(**shop.name(name), content=content) for name in names])

    assert len({outcome.session_id for outcome in outcomes(answers)}) == MANY  # sequences have gaps
    assert [shop.session(name).first_session for name in names].count(True) == 1


def test_concurrent_sales_of_one_profile_all_count(shop: Shop) -> None:
    content = SessionContent(profile_id="ada", cart_items=[line(price="1.01")])
    for number in range(MANY // 2):
        shop.create(f"s{number}", profile_id="ada", cart_items=[line(price="1.01")])
    closing = [CloseSession(**shop.name(f"s{number}")) for number in range(MANY // 2)]
    creating = [
        CreateSession(**shop.name(f"new {number}"), state=SessionState.CLOSED, content=content)
        for number in range(MANY // 2)
    ]

    async def run() -> None:
        writes = [shop.database.write(close_session, shop.till, command, shop.now) for command in closing]
        writes += [shop.database.write(create_session, shop.till, command, shop.now) for command in creating]
        await asyncio.gather(*writes)

    shop.runner.run(run())

    ada = shop.profile("ada")
    assert (ada["closed_sessions"], ada["sales_whole"], ada["sales_fraction"]) == (MANY, MANY, MANY * 100)


def test_session_is_created_once_by_concurrent_calls(shop: Shop) -> None:
    answers = at_once(shop, create_session, [CreateSession(**shop.name("s1"))] * MANY)

    (made,) = outcomes(answers)
    taken = SessionAlreadyExists(integration_id="s1", application_id=shop.application_id, session_id=made.session_id)
    assert refused(answers) == [taken] * (MANY - 1)


def test_concurrent_upserts_create_a_session_once_and_then_update_it(shop: Shop) -> None:
    codes = [f"CODE {number}" for number in range(MANY)]

    answers = outcomes(
        at_once(
            shop,
            upsert_session,
            [UpsertSession(**shop.name("s1"), content=SessionContent(coupon=code)) for code in codes],
        )
    )

    assert [outcome.created for outcome in answers].count(True) == 1
    assert sorted(outcome.version for outcome in answers) == list(range(1, MANY + 1))


def test_save_of_an_outdated_version_fails_and_writes_nothing(shop: Shop) -> None:
    shop.create()
    stale = shop.session()
    shop.update(coupon="SPRING")
    before = shop.all_rows()
    after = replace(stale, version=2, referral="grace")

    with pytest.raises(WriteConflict, match="past version 1"):
        shop.write(save_session, stale, after, make_event(EventType.UPDATED, stale, after, "Till"))

    assert shop.all_rows() == before


def test_no_concurrent_update_is_lost(shop: Shop) -> None:
    shop.create()
    codes = [f"CODE {number}" for number in range(MANY)]

    answers = outcomes(
        at_once(
            shop,
            update_session,
            [UpdateSession(**shop.name("s1"), content=SessionContent(coupon=code)) for code in codes],
        )
    )

    assert sorted(outcome.version for outcome in answers) == list(range(2, MANY + 2))
    assert sorted(event["changes"]["coupon"] for event in shop.history()[1:]) == sorted(codes)
    assert shop.session().version == MANY + 1
