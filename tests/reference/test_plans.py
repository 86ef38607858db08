"""Behind every filter and every order of sessions stands an index, in a small table and in a large one."""

import asyncio
from collections.abc import Iterator, Mapping
from functools import partial
from itertools import product
from typing import Any

import pytest
from bulk import fill
from documents import ORDERS
from served import Api, furnish
from sqlalchemy import Connection, text
from stores import Files, migrate

SPAN = '{from: "2026-01-01T00:00:10.000Z", to: "2026-01-01T01:00:00.000Z"}'
FILTERS = (
    "states: [OPEN]",
    "states: [OPEN, CANCELLED]",
    'profileIds: ["customer-1"]',
    'profileIds: ["customer-1", "customer-2"]',
    'coupons: ["SPRING"]',
    'coupons: ["SPRING", "RARE"]',
    'referrals: ["AUTUMN"]',
    'referrals: ["AUTUMN", "RARE"]',
    'identifiers: ["web"]',
    'identifiers: ["web", "order-2"]',
    'skus: ["sku-1"]',
    'skus: ["sku-1", "rare-1"]',
    'integrationIdPrefix: "session-1"',
    "firstSession: true",
    f"created: {SPAN}",
    f"updated: {SPAN}",
    f"closed: {SPAN}",
    'total: {min: "10", max: "1000"}',
)
ALONG_THE_ORDER = "ix_customer_session_application_id_created_id (application_id=?)"


class Planned:
    """The API over a table of sessions; tells how the database goes about what it is asked."""

    def __init__(self, api: Api) -> None:
        self.api = api
        self.sent: list[tuple[str, Mapping[str, Any]]] = []
        read = api.database.read

        async def watched(statement: str, parameters: Mapping[str, Any], objects: int | None) -> str | None:
            self.sent.append((statement, parameters))
            return await read(statement, parameters, objects)

        api.database.read = watched  # type: ignore[method-assign]  # on this one object, to see what is sent

    def plan(self, arguments: str) -> list[str]:
        """The steps of the statement that reads a page."""
        self.api.data(f"{{ customerSessions({arguments}) {{ nodes {{ id total }} }} }}", key="reader")
        statement, parameters = self.sent[-1]

        def explain(connection: Connection) -> list[str]:
            return [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", dict(parameters))]

        return self.api.runner.run(self.api.database.query(explain))


@pytest.fixture(scope="module", params=[*product((20, 20_000), ("as it is", "analyzed"))], ids="{0[0]} {0[1]}".format)
def planned(request: pytest.FixtureRequest, files: Files) -> Iterator[Planned]:
    """A small table and a large one, with and without what ANALYZE tells the planner."""
    size, statistics = request.param
    url = files.empty()
    with asyncio.Runner() as runner:
        runner.run(migrate(url))
        keys = runner.run(furnish(url))
    with asyncio.Runner() as runner, Api(runner, url, keys) as api:
        runner.run(api.database.write(partial(fill, size=size)))
        if statistics == "analyzed":
            runner.run(api.database.write(lambda connection: connection.execute(text("ANALYZE")) and None))
        yield Planned(api)


@pytest.mark.parametrize(("by", "to"), [*product(ORDERS, ("ASC", "DESC"))])
def test_an_order_is_read_along_its_index(planned: Planned, by: str, to: str) -> None:
    steps = planned.plan(f"orderBy: {{field: {by}, direction: {to}}}")
    assert not sorts(steps)
    (step,) = (step for step in steps if "t1" in step)
    index = "sqlite_autoindex_customer_session_2" if by == "INTEGRATION_ID" else by.lower()
    assert step.startswith("SEARCH")
    assert index in step


@pytest.mark.parametrize("filter", FILTERS)
def test_a_filter_is_read_by_its_index(planned: Planned, filter: str) -> None:
    steps = planned.plan(f"filter: {{{filter}}}")
    assert not any(step.startswith(("SCAN t", "SCAN customer_session")) for step in steps)
    walks = [step for step in steps if step.endswith(ALONG_THE_ORDER)]
    if any("COMPOUND QUERY" in step for step in steps):  # few rows by the filter's index, many along the order
        assert len(walks) == 1
    else:
        assert not walks
        assert not sorts(steps)


def test_behind_a_cursor_a_span_is_read_from_the_cursor_on(planned: Planned) -> None:
    span = f"filter: {{created: {SPAN}}}, orderBy: {{field: CREATED, direction: ASC}}"
    page = planned.api.data(f"{{ customerSessions({span}, first: 1) {{ pageInfo {{ endCursor }} }} }}", key="reader")
    cursor = page["customerSessions"]["pageInfo"]["endCursor"]
    steps = planned.plan(f'{span}, after: "{cursor}"')
    assert [step for step in steps if "(created,id)>(?,?)" in step]


def sorts(steps: list[str]) -> bool:
    """Whether rows are put in order after they have been read."""
    return any("TEMP B-TREE" in step for step in steps)
