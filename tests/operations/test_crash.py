"""Crashes and full disks: acknowledged writes are stored, and a repeat does not run twice."""

import asyncio
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from promotion_shop import add_campaign, given, percent
from shop import Shop, line
from sqlalchemy import Connection, select, update

from db.domain.commands import CreateSession, SessionContent
from db.domain.promotions.commands import UpdateCampaign
from db.operations.campaigns import update_campaign
from db.operations.outcome import Outcome
from db.operations.sessions import create_session
from db.repository.core import SESSION

SCRIPT = """
import asyncio, os, signal
from datetime import UTC, datetime

from db.domain.commands import CreateSession
from db.engine import open_database
from db.operations.outcome import Actor
from db.operations.sessions import create_session


async def main():
    database = await open_database({url!r})
    command = CreateSession(application_id={application_id}, integration_id="s1", idempotency_key="once")
    await database.write(create_session, Actor("Till", "till00000000"), command, datetime.now(UTC))
    os.kill(os.getpid(), signal.SIGKILL)  # committed, but not acknowledged


asyncio.run(main())
"""


def test_repeat_after_a_crash_returns_the_outcome_and_changes_nothing(shop: Shop, url: str) -> None:
    script = SCRIPT.format(url=url, application_id=shop.application_id)

    died = subprocess.run([sys.executable, "-c", script], cwd=Path(__file__).parents[2], check=False)  # noqa: S603  # ours

    assert died.returncode == -signal.SIGKILL
    repeat = shop.create("s1", key="once")
    assert (repeat.replayed, repeat.version) == (True, 1)
    assert len(shop.history("s1")) == 1


def test_acknowledged_writes_are_stored_on_a_disk_that_fills_up(shop_in_a_file: Shop) -> None:
    shop = shop_in_a_file

    def limit(connection: Connection) -> None:
        count = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {count + 20}")

    async def create_all() -> list[Outcome | BaseException]:
        cart = [line(f"sku {number}", name="n" * 200) for number in range(10)]
        commands = [
            CreateSession(**shop.name(f"s{number}"), content=SessionContent(cart_items=cart)) for number in range(40)
        ]
        writes = (shop.database.write(create_session, shop.till, command, shop.now) for command in commands)
        return await asyncio.gather(*writes, return_exceptions=True)

    def stored(connection: Connection) -> set[str]:
        return set(connection.scalars(select(SESSION.c.integration_id)))

    shop.write(limit)
    answers = shop.runner.run(create_all())
    done = {f"s{number}" for number, answer in enumerate(answers) if isinstance(answer, Outcome)}
    assert len(done) < len(answers)
    assert shop.query(stored) == done


def test_campaign_of_a_failed_commit_gives_nothing(shop_in_a_file: Shop) -> None:
    shop = shop_in_a_file
    campaign_id = add_campaign(shop, percent("10"))
    content = SessionContent(cart_items=[line(price="100.00")])

    def set_percent(connection: Connection, value: str) -> None:
        rules = [{"label": "rule", "reward": {"percentOff": {"percent": value}}}]
        command = UpdateCampaign(application_id=shop.application_id, campaign_id=campaign_id, changes={"rules": rules})
        update_campaign(connection, shop.till, command, shop.now)
        create_session(connection, shop.till, CreateSession(**shop.name("s1"), content=content), shop.now)

    def fail(connection: Connection) -> None:
        set_percent(connection, "20")
        connection.exec_driver_sql("PRAGMA defer_foreign_keys = ON")
        connection.execute(update(SESSION).values(application_id=0))

    with pytest.raises(sqlite3.IntegrityError):
        shop.write(fail)
    shop.write(set_percent, "30")

    assert given(shop.session("s1")) == {"rule": "30.00"}
