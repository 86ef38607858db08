"""Locks on PostgreSQL are taken in one order: nobody waits for who waits for him."""

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
from db.operations import Outcome, create_session, update_session
from db.repository.load import load_session

WAITING = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
TAKE_PROFILE = "SELECT 1 FROM customer_profile FOR UPDATE NOWAIT"  # fails where somebody has it


pytestmark = pytest.mark.parametrize("store", ["postgresql", "partitioned"], indirect=True, scope="session")


def test_who_waits_for_a_session_keeps_nobody_from_the_profile_that_it_comes_to(shop: Shop) -> None:
    shop.create()
    shop.create("s2", profile_id="ada")
    to_ada = UpdateSession(**shop.name("s1"), content=SessionContent(profile_id="ada"))

    def keep(connection: Connection) -> None:
        begin(connection)
        load_session(connection, **shop.name("s1"))

    assert waited_for(shop, keep, update_session, to_ada).version == 2


def test_who_waits_for_an_import_keeps_it_not_from_the_profile_of_a_new_session(shop: Shop) -> None:
    shop.create(profile_id="ada")
    of_ada = CreateSession(**shop.name("s2"), content=SessionContent(profile_id="ada"))

    def keep(connection: Connection) -> None:
        lock_application(connection, shop.application_id, ())

    assert waited_for(shop, keep, create_session, of_ada).created


def waited_for(shop: Shop, keep: Callable[[Connection], None], change: Callable[..., Outcome], command: Any) -> Outcome:
    """What a change comes to that waits for what another keeps, while a third takes the only profile."""

    async def race() -> Outcome:
        kept, waited = asyncio.Event(), asyncio.Event()

        def keep_on(connection: Connection) -> None:
            keep(connection)
            kept.set()
            await_only(waited.wait())

        keeping = asyncio.create_task(shop.database.write(keep_on))
        await kept.wait()
        changing = asyncio.create_task(shop.database.write(change, shop.till, command, shop.now))
        while not await shop.database.query(lambda connection: connection.execute(text(WAITING)).scalar()):  # noqa: ASYNC110  # nobody tells
            await asyncio.sleep(0.01)
        try:
            await shop.database.write(lambda connection: connection.execute(text(TAKE_PROFILE)).one())
        finally:
            waited.set()
            await keeping
        return await changing

    return shop.runner.run(race())
