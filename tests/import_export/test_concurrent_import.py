"""An import while other transactions change the same application."""

import asyncio
from io import BytesIO
from typing import Any

import pytest
from shop import Shop
from sqlalchemy import Connection, select
from sqlalchemy.util import await_only
from transfer import disagreements, file, record

from db.domain.commands import CreateSession, SessionContent, UpdateProfile, UpsertSession
from db.domain.errors import Refused
from db.import_export.importing import ImportSessions, OnError, import_sessions
from db.operations.profiles import update_profile
from db.operations.sessions import create_session, upsert_session
from db.repository.bulk_insert import insert_sessions
from db.repository.core import SESSION

PROFILES = [f"customer {number}" for number in range(40)]


def firsts(connection: Connection) -> list[str]:
    """Return the profile of each first session."""
    return sorted(connection.scalars(select(SESSION.c.profile_id).where(SESSION.c.first_session.is_(True))))


def test_profile_has_one_first_session_after_concurrent_import_and_changes(shop: Shop) -> None:
    content = file(*(record(f"imported {each}", profileId=each) for each in PROFILES))

    async def create(profile_id: str) -> None:
        command = CreateSession(**shop.name(f"created for {profile_id}"), content=SessionContent(profile_id=profile_id))
        await shop.database.write(create_session, shop.till, command, shop.now)

    async def upsert(profile_id: str) -> None:
        command = UpsertSession(**shop.name("moving"), content=SessionContent(profile_id=profile_id))
        await shop.database.write(upsert_session, shop.till, command, shop.now)

    async def run_import() -> None:
        command = ImportSessions(application_id=shop.application_id, recompute=True)
        async for report in import_sessions(shop.database, command, BytesIO(content)):
            assert not report.problems

    async def run() -> None:
        others = [create(each) for each in PROFILES]
        await asyncio.gather(*others[::2], run_import(), *others[1::2], upsert(PROFILES[0]))

    shop.runner.run(run())

    found = shop.query(firsts)
    assert [each for each in found if found.count(each) > 1] == []
    assert set(PROFILES[1:]) <= set(found)
    assert disagreements(shop) == []


def test_creation_that_waits_for_an_import_sees_the_imported_session_of_its_profile(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    profile = UpdateProfile(application_id=shop.application_id, integration_id="ada", attributes={})
    shop.write(update_profile, shop.till, profile, shop.now)
    content = file(record("imported", profileId="ada"))
    written = asyncio.Event()

    def insert_slowly(connection: Connection, *rest: Any) -> None:
        insert_sessions(connection, *rest)
        written.set()
        if connection.dialect.name == "postgresql":  # SQLite has one writer at a time
            await_only(asyncio.sleep(0.2))

    monkeypatch.setattr("db.import_export.importing.insert_sessions", insert_slowly)

    async def run_import() -> None:
        async for _ in import_sessions(
            shop.database, ImportSessions(application_id=shop.application_id), BytesIO(content)
        ):
            pass

    async def create() -> None:
        command = CreateSession(**shop.name("late"), content=SessionContent(profile_id="ada"))
        await written.wait()
        await shop.database.write(create_session, shop.till, command, shop.now)

    async def run() -> None:
        await asyncio.gather(run_import(), create())

    shop.runner.run(run())

    assert shop.query(firsts) == ["ada"]


def test_session_is_created_once_by_an_import_and_concurrent_creations(shop: Shop) -> None:
    content = file(*(record(f"s{number}") for number in range(40)))
    refused: list[Refused] = []

    async def create(name: str) -> None:
        try:
            await shop.database.write(create_session, shop.till, CreateSession(**shop.name(name)), shop.now)
        except Refused as error:
            refused.append(error)

    async def run_import() -> int:
        command = ImportSessions(application_id=shop.application_id, on_error=OnError.SKIP)
        return sum([each.created async for each in import_sessions(shop.database, command, BytesIO(content))])

    async def run() -> int:
        others = [create(f"s{number}") for number in range(40)]
        created, *_ = await asyncio.gather(run_import(), *others)
        return int(created or 0)

    assert shop.runner.run(run()) == len(refused)
    assert disagreements(shop) == []
