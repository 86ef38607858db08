"""Concurrent clients that create and close sessions, and record the acknowledged versions."""

import asyncio
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import httpx
from sqlalchemy import Connection, select

from db.engine import open_database
from db.repository.core import SESSION
from graphql_api.settings import PREFIX

CREATE = """mutation($name: String!, $line: CartItemInput!) {
  changed: createSession(input: {integrationId: $name, profileId: "ada", cartItems: [$line, $line]}) {
    session { version } errors { message }
  }
}"""
CLOSE = """mutation($name: String!) {
  changed: closeSession(input: {integrationId: $name}) { session { version } errors { message } }
}"""
LINE = {"sku": "apple", "quantity": 2, "price": "1.25"}
CUSTOMERS = 20
Act = Callable[["Customers"], object]


@dataclass
class Customers:
    """``acknowledged`` has the last version of each session in a response."""

    url: str
    key: str
    acknowledged: dict[str, int] = field(default_factory=dict)
    changes: int = 0

    async def shop(self, limit: int, act: Act = lambda _: None, prefix: str = "s") -> None:
        """Make ``limit`` changes, or until the server is gone; ``act`` is called after each."""
        names = (f"{prefix}{number}" for number in count())
        headers = {"Authorization": f"Bearer {self.key}"}
        async with httpx.AsyncClient(base_url=self.url, headers=headers, trust_env=False, timeout=60) as client:

            async def customer() -> None:
                while self.changes < limit:
                    name = next(names)
                    for document in (CREATE, CLOSE):
                        try:
                            version = await change(client, document, name)
                        except httpx.TransportError:
                            return
                        self.acknowledged[name] = version
                        self.changes += 1
                        act(self)

            await asyncio.gather(*(customer() for _ in range(CUSTOMERS)))


async def change(client: httpx.AsyncClient, document: str, name: str) -> int:
    """Send a mutation and return the session's new version."""
    body: dict[str, Any] = {"query": document, "variables": {"name": name, "line": LINE}}
    answer = (await client.post("/graphql", json=body)).json()
    changed = answer["data"]["changed"]
    assert changed["errors"] == []
    version: int = changed["session"]["version"]
    return version


def versions() -> dict[str, int]:
    """Return the version of every session in the database of the environment."""

    async def load() -> dict[str, int]:
        database = await open_database(os.environ[f"{PREFIX}DATABASE_URL"])
        try:
            return await database.query(rows)
        finally:
            await database.close()

    def rows(connection: Connection) -> dict[str, int]:
        found = connection.execute(select(SESSION.c.integration_id, SESSION.c.version))
        return {row.integration_id: row.version for row in found}

    return asyncio.run(load())
