"""The API, served: an application of the server in this process, and clients with keys of each role."""

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
    """A server on a database of its own. Application 1 is in euros, application 2 in yen.

    ``keys`` are named reader, writer and admin; the other application's are other reader and other writer.
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
        """Close it."""
        self.runner.run(self.client.aclose())
        self.runner.run(self._lifespan.__aexit__(None, None, None))

    @property
    def server(self) -> Server:
        """What the running server holds."""
        server: Server = self.app.state.server
        return server

    @property
    def database(self) -> Database:
        """Its database."""
        return self.server.database

    @property
    def shop(self) -> Shop:
        """Application 1, for what is to be there before a test begins."""
        return Shop(self.runner, self.database, 1)

    def everything(self) -> dict[str, list[tuple[Any, ...]]]:
        """Every row of every table; but for when keys were last used, which a look may write."""
        rows = self.shop.everything()
        return {name: kept for name, kept in rows.items() if name != "api_key"} | {
            "api_key": [row[:-1] for row in rows["api_key"]]
        }

    def request(self, method: str, path: str = "/graphql", **options: Any) -> httpx.Response:
        """Any HTTP request; without a key unless ``headers`` have one."""
        return self.runner.run(self.client.request(method, path, **options))

    async def post(self, body: object, key: str = "writer") -> httpx.Response:
        """A GraphQL request by POST."""
        headers = {"Authorization": f"Bearer {self.keys.get(key, key)}"}
        return await self.client.post("/graphql", json=body, headers=headers)

    def query(self, document: str, variables: Mapping[str, Any] | None = None, key: str = "writer") -> Answer:
        """The whole answer to a document."""
        answer: Answer = self.runner.run(self.post({"query": document, "variables": variables}, key)).json()
        return answer

    def data(self, document: str, variables: Mapping[str, Any] | None = None, key: str = "writer") -> Any:
        """The data of an answer that has no errors."""
        answer = self.query(document, variables, key)
        assert "errors" not in answer, answer["errors"]
        return answer["data"]

    def codes(self, document: str, variables: Mapping[str, Any] | None = None, key: str = "writer") -> list[str]:
        """The codes of an answer's errors."""
        return [error["extensions"]["code"] for error in self.query(document, variables, key).get("errors", [])]


def settings_for(url: str, **settings: Any) -> Settings:
    """Settings with nothing from the environment of whoever runs the tests."""
    return Settings(_env_file=None, database_url=url, **settings)  # type: ignore[call-arg]  # pydantic-settings takes it


async def furnish(url: str) -> dict[str, str]:
    """Make both applications and all keys. Answers the keys by name."""
    database = await open_database(url)
    for name, currency in (("Shop", "EUR"), ("Other shop", "JPY")):
        await database.write(create_application, CreateApplication(name=name, currency=currency), Shop.OPENED)
    keys = {}
    for name, (application_id, role) in Api.KEYS.items():
        command = CreateKey(application_id=application_id, name=name.capitalize(), role=role)
        keys[name] = (await database.write(create_key, command, Shop.OPENED)).secret
    await database.close()
    return keys


def with_a_history(api: Api) -> Api:
    """Put in a session that was updated, closed and returned in two parts, and a customer with seven sessions."""
    shop = api.shop
    shop.define(AttributeEntity.CUSTOMER_SESSION, "channel")
    content: dict[str, Any] = {"profile_id": "ada", "identifiers": ["till 4", "lane 2"]}
    shop.create("s1", cart_items=[line(quantity=3), line("pear", price="2.50", product_name="Fruit")], **content)
    shop.update("s1", discounts=[Discount("spring", Decimal(1))], attributes={"channel": "web"})
    shop.close("s1")
    shop.take_back(units(0, 1))
    shop.take_back(units(1, 1))
    for number in range(2, 8):
        shop.create(f"s{number}", SessionState.CLOSED, profile_id="ada", cart_items=[line()])
    return api
