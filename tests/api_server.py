"""The API in this process, and a client with keys of each role."""

import asyncio
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from decimal import Decimal
from typing import Any, ClassVar, Self

import httpx
from shop import Shop, line, units

from db.domain.attribute_definition import AttributeEntity
from db.domain.commands import CreateApplication, CreateKey, Discount
from db.domain.lifecycle import SessionState
from db.engine import open_database
from db.engine.database import Database
from db.operations.applications import create_application
from db.operations.keys import create_key
from graphql_api.app import create_app
from graphql_api.http.server import Server
from graphql_api.settings import Settings

Answer = dict[str, Any]


class Api:
    """A server on its own database. The currency of application 1 is the euro, that of application 2 the yen.

    ``keys`` maps names to keys: reader, writer and admin; other reader and other writer are of application 2.
    """

    KEYS: ClassVar[Mapping[str, tuple[int | None, str]]] = {
        "reader": (1, "reader"),
        "writer": (1, "writer"),
        "admin": (None, "admin"),
        "other reader": (2, "reader"),
        "other writer": (2, "writer"),
    }

    def __init__(self, runner: asyncio.Runner, url: str, keys: Mapping[str, str], **settings: Any) -> None:
        self.runner = runner
        self.keys = dict(keys)
        self.app = create_app(settings_for(url, **settings))
        self._lifespan: AbstractAsyncContextManager[Any] = self.app.router.lifespan_context(self.app)
        self.client = httpx.AsyncClient(
            transport=httpx.ASGITransport(self.app), base_url="http://shop.test", trust_env=False
        )

    def __enter__(self) -> Self:
        """Open the database."""
        self.runner.run(self._lifespan.__aenter__())
        return self

    def __exit__(self, *error: object) -> None:
        """Close the client and the database."""
        self.runner.run(self.client.aclose())
        self.runner.run(self._lifespan.__aexit__(None, None, None))

    @property
    def server(self) -> Server:
        """The server's state."""
        server: Server = self.app.state.server
        return server

    @property
    def database(self) -> Database:
        """The server's database."""
        return self.server.database

    @property
    def shop(self) -> Shop:
        """Application 1, to prepare or check its rows without the API."""
        return Shop(self.runner, self.database, 1)

    def all_rows(self) -> dict[str, list[tuple[Any, ...]]]:
        """Return all rows of all tables, without the last use of keys, which a read may update."""
        rows = self.shop.all_rows()
        return {name: values for name, values in rows.items() if name != "api_key"} | {
            "api_key": [row[:-1] for row in rows["api_key"]]
        }

    def request(self, method: str, path: str = "/graphql", **options: Any) -> httpx.Response:
        """Send an HTTP request; it has no key unless ``headers`` has one."""
        return self.runner.run(self.client.request(method, path, **options))

    async def post(self, body: object, key: str = "writer") -> httpx.Response:
        """Send a GraphQL request by POST."""
        headers = {"Authorization": f"Bearer {self.keys.get(key, key)}"}
        return await self.client.post("/graphql", json=body, headers=headers)

    def query(self, document: str, variables: Mapping[str, Any] | None = None, key: str = "writer") -> Answer:
        """Run a document and return the whole response."""
        answer: Answer = self.runner.run(self.post({"query": document, "variables": variables}, key)).json()
        return answer

    def data(self, document: str, variables: Mapping[str, Any] | None = None, key: str = "writer") -> Any:
        """Run a document and return its data. Fails if there are errors."""
        answer = self.query(document, variables, key)
        assert "errors" not in answer, answer["errors"]
        return answer["data"]

    def codes(self, document: str, variables: Mapping[str, Any] | None = None, key: str = "writer") -> list[str]:
        """Run a document and return the codes of its errors."""
        return [error["extensions"]["code"] for error in self.query(document, variables, key).get("errors", [])]


def settings_for(url: str, **settings: Any) -> Settings:
    """Return settings that ignore environment files."""
    return Settings(_env_file=None, database_url=url, **settings)  # type: ignore[call-arg]  # pydantic-settings takes it


async def seed(url: str) -> dict[str, str]:
    """Create both applications and all keys. Returns the keys by name."""
    database = await open_database(url)
    for name, currency in (("Shop", "EUR"), ("Other shop", "JPY")):
        await database.write(create_application, CreateApplication(name=name, currency=currency), Shop.OPENED)
    keys = {}
    for name, (application_id, role) in Api.KEYS.items():
        command = CreateKey(application_id=application_id, name=name.capitalize(), role=role)
        keys[name] = (await database.write(create_key, command, Shop.OPENED)).secret
    await database.close()
    return keys


def add_sessions(api: Api) -> Api:
    """Add a session that was updated, closed and returned in two parts, and six more of the same customer."""
    shop = api.shop
    shop.define(AttributeEntity.CUSTOMER_SESSION, "channel")
    content: dict[str, Any] = {"profile_id": "ada", "identifiers": ["till 4", "lane 2"]}
    shop.create("s1", cart_items=[line(quantity=3), line("pear", price="2.50", product_name="Fruit")], **content)
    shop.update("s1", discounts=[Discount("spring", Decimal(1))], attributes={"channel": "web"})
    shop.close("s1")
    shop.return_items(units(0, 1))
    shop.return_items(units(1, 1))
    for number in range(2, 8):
        shop.create(f"s{number}", SessionState.CLOSED, profile_id="ada", cart_items=[line()])
    return api
