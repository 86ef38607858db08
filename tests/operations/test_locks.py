"""Locks on PostgreSQL are taken in one order: nobody waits for who waits for him."""

import asyncio

import pytest
from shop import Shop
from sqlalchemy import Connection, text
from sqlalchemy.util import await_only

from db.domain.commands import SessionContent, UpdateSession
from db.operations import Outcome, update_session
from db.repository.load import take
from db.statements import begin

WAITING = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
TAKE_PROFILE = "SELECT 1 FROM customer_profile FOR UPDATE NOWAIT"  # fails where somebody has it


@pytest.mark.parametrize("store", ["postgresql", "partitioned"], indirect=True, scope="session")
def test_who_waits_for_a_session_keeps_nobody_from_the_profile_that_it_comes_to(shop: Shop) -> None:
    shop.create()
    shop.create("s2", profile_id="ada")
    to_ada = UpdateSession(**shop.name("s1"), content=SessionContent(profile_id="ada"))

    async def race() -> Outcome:
        kept, waited = asyncio.Event(), asyncio.Event()

        def keep(connection: Connection) -> None:
            begin(connection)
            take(connection, **shop.name("s1"))
            kept.set()
            await_only(waited.wait())

        keeping = asyncio.create_task(shop.database.write(keep))
        await kept.wait()
        moving = asyncio.create_task(shop.database.write(update_session, shop.till, to_ada, shop.now))
        while not await shop.database.query(lambda connection: connection.execute(text(WAITING)).scalar()):  # noqa: ASYNC110  # nobody tells
            await asyncio.sleep(0.01)
        try:
            await shop.database.write(lambda connection: connection.execute(text(TAKE_PROFILE)).one())
        finally:
            waited.set()
            await keeping
        return await moving

    assert shop.runner.run(race()).version == 2
