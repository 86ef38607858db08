"""Locks on PostgreSQL are taken in one order, so that no transactions wait for each other."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from shop import Shop
from sqlalchemy import Connection, text
from sqlalchemy.util import await_only

from db.domain.commands import CreateSession, SessionContent, UpdateSession
from db.engine.statements import begin
from db.import_export.importing import lock_application
from db.operations.outcome import Outcome
from db.operations.sessions import create_session, update_session
from db.repository.load import load_session

WAITING = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
LOCK_PROFILE = "SELECT 1 FROM customer_profile FOR UPDATE NOWAIT"  # fails if it is locked


pytestmark = pytest.mark.parametrize("store", ["postgresql", "partitioned"], indirect=True, scope="session")


def test_update_that_waits_for_a_session_has_not_locked_the_new_profile(shop: Shop) -> None:
    shop.create()
    shop.create("s2", profile_id="ada")
    to_ada = UpdateSession(**shop.name("s1"), content=SessionContent(profile_id="ada"))

    def lock(connection: Connection) -> None:
        begin(connection)
        load_session(connection, **shop.name("s1"))

    assert outcome_after_waiting(shop, lock, update_session, to_ada).version == 2


def test_creation_that_waits_for_an_import_has_not_locked_the_profile(shop: Shop) -> None:
    shop.create(profile_id="ada")
    of_ada = CreateSession(**shop.name("s2"), content=SessionContent(profile_id="ada"))

    def lock(connection: Connection) -> None:
        lock_application(connection, shop.application_id, ())

    assert outcome_after_waiting(shop, lock, create_session, of_ada).created


def outcome_after_waiting(
    shop: Shop, lock: Callable[[Connection], None], change: Callable[..., Outcome], command: Any
) -> Outcome:
    """Run a change that waits for the locks of another transaction, while a third locks the only profile."""

    async def race() -> Outcome:
        locked, waited = asyncio.Event(), asyncio.Event()

        def hold_locks(connection: Connection) -> None:
            lock(connection)
            locked.set()
            await_only(waited.wait())

        holding = asyncio.create_task(shop.database.write(hold_locks))
        await locked.wait()
        changing = asyncio.create_task(shop.database.write(change, shop.till, command, shop.now))
        while not await shop.database.query(lambda connection: connection.execute(text(WAITING)).scalar()):  # noqa: ASYNC110  # there is no event to wait for
            await asyncio.sleep(0.01)
        try:
            await shop.database.write(lambda connection: connection.execute(text(LOCK_PROFILE)).one())
        finally:
            waited.set()
            await holding
        return await changing

    return shop.runner.run(race())
