"""Operations that violate a unique key: only a lost race is worth another attempt."""

import asyncio

import pytest
from sqlalchemy import Connection, insert
from sqlalchemy.exc import IntegrityError

from db.engine.database import Database
from db.tables.application import ApplicationRow


def test_violation_of_a_unique_key_is_raised_at_the_second_attempt(runner: asyncio.Runner, database: Database) -> None:
    attempts: list[int] = []

    def insert_twice(connection: Connection) -> None:
        attempts.append(len(attempts))
        for _ in range(2):
            row = {"application_id": 7, "name": "Shop", "currency": "EUR"}
            connection.execute(insert(ApplicationRow).values(row))

    with pytest.raises(IntegrityError):
        runner.run(database.write(insert_twice))
    assert len(attempts) <= 2
