"""PostgreSQL restarts under load: requests fail with UNAVAILABLE and then work again without a restart of ours."""

import asyncio
from collections import Counter
from collections.abc import Iterator

import pytest
from api_server import Api, seed
from shop import Shop
from stores import Server, migrate

from db.import_export.checking import check_sessions

pytestmark = pytest.mark.alone

CREATE = "mutation($id: String!) { createSession(input: {integrationId: $id}) { session { version } } }"
READ = "{ customerSessions(first: 1) { nodes { version } } }"
WORKERS = 8


@pytest.fixture
def restarted() -> Iterator[Server]:
    """A server that is the test's own."""
    server = Server()
    yield server
    server.close()


@pytest.fixture
def away(runner: asyncio.Runner, restarted: Server) -> Iterator[Api]:
    """The API on it."""
    url = restarted.empty()
    runner.run(migrate(url))
    keys = runner.run(seed(url))
    with Api(runner, url, keys, database_pool_size=WORKERS) as api:
        yield api


def test_requests_fail_while_postgresql_is_down_and_work_afterwards(away: Api, restarted: Server) -> None:
    answered: list[str] = []
    codes: Counter[str] = Counter()

    async def work(number: int, over: asyncio.Event) -> None:
        for each in range(10_000):
            if over.is_set():
                return
            name = f"s{number}-{each}"
            made = (await away.post({"query": CREATE, "variables": {"id": name}})).json()
            read = (await away.post({"query": READ})).json()
            if "errors" not in made:
                answered.append(name)
            for error in (*made.get("errors", ()), *read.get("errors", ())):
                codes[error["extensions"]["code"]] += 1
            await asyncio.sleep(0.001)

    async def scenario() -> None:
        over = asyncio.Event()
        workers = [asyncio.create_task(work(number, over)) for number in range(WORKERS)]
        await asyncio.sleep(0.3)
        await asyncio.to_thread(restarted.stop)
        await asyncio.sleep(0.3)
        assert (await away.post({"query": READ})).json()["errors"][0]["extensions"]["code"] == "UNAVAILABLE"
        before = len(answered)
        await asyncio.to_thread(restarted.start)
        while len(answered) < before + 50:  # noqa: ASYNC110  # the list grows by itself
            await asyncio.sleep(0.01)
        over.set()
        await asyncio.gather(*workers)

    away.runner.run(scenario())
    assert set(codes) == {"UNAVAILABLE"}
    shop = Shop(away.runner, away.database, 1)
    checked = shop.query(lambda connection: list(check_sessions(connection, 1)))
    assert sum(each.sessions for each in checked) >= len(answered)
    assert [each for page in checked for each in page.disagreements] == []
    assert all(shop.session(name).version == 1 for name in answered)
