"""Every filter and every order that a list declares is read by its index, in a small table and in a large one."""

import asyncio
from collections.abc import Iterator, Mapping
from functools import partial
from itertools import product
from typing import Any

import pytest
from api_server import Api, seed
from bulk import fill
from lists import LISTS, ORDERED, filters_of
from sqlalchemy import Connection, text
from stores import Files, migrate

from graphql_api.schema import schema
from graphql_api.sql.lists import ListDeclaration

FILTERS = [(name, field, value) for name, declared in LISTS.items() for field, value in filters_of(declared)]
ORDERS = [
    (name, by, f"orderBy: {{field: {by}, direction: {to}}}")
    for name, declared in ORDERED.items()
    for by, to in product(declared.order_columns, ("ASC", "DESC"))
] + [(name, by, "first: 20") for name in LISTS.keys() - ORDERED.keys() for by in LISTS[name].order_columns]
SPAN = '{from: "2026-01-01T00:00:10.000Z", to: "2026-01-01T01:00:00.000Z"}'


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

    def plan(self, name: str, arguments: str) -> list[str]:
        """The steps of the statement that reads a page of a list."""
        return self.steps(f"{{ {name}({arguments}) {{ nodes {{ id }} }} }}")

    def steps(self, document: str) -> list[str]:
        """The steps of the statement of a query."""
        self.api.data(document, key="reader")
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
        keys = runner.run(seed(url))
    with asyncio.Runner() as runner, Api(runner, url, keys) as api:
        runner.run(api.database.write(partial(fill, size=size)))
        if statistics == "analyzed":
            runner.run(api.database.write(lambda connection: connection.execute(text("ANALYZE")) and None))
        yield Planned(api)


def test_every_list_with_a_filter_or_an_order_is_tested_here() -> None:
    query = schema._schema.query_type
    assert query is not None
    filtered = {name for name, field in query.fields.items() if {"filter", "orderBy"} & field.args.keys()}
    assert filtered == {*LISTS, "sessionStatistics"}  # which reads all rows that pass


@pytest.mark.parametrize("declared", LISTS.values(), ids=LISTS)
def test_every_filter_and_order_has_an_index(declared: ListDeclaration) -> None:
    assert all(map(declared.indexes_of_filter, declared.conditions))
    assert all(map(declared.indexes_of_order, declared.order_columns))


@pytest.mark.parametrize(("name", "by", "arguments"), ORDERS)
def test_an_order_is_read_along_its_index(planned: Planned, name: str, by: str, arguments: str) -> None:
    steps = planned.plan(name, arguments)
    assert not sorts(steps)
    (step,) = (step for step in steps if "t1" in step)
    assert step.startswith("SEARCH")
    assert uses(step, LISTS[name].indexes_of_order(by))


@pytest.mark.parametrize(("name", "field", "value"), FILTERS)
def test_a_filter_is_read_by_its_index(planned: Planned, name: str, field: str, value: str) -> None:
    steps = planned.plan(name, f"filter: {{{field}: {value}}}")
    assert not any(step.startswith(("SCAN t", "SCAN customer_")) for step in steps)
    assert any(uses(step, LISTS[name].indexes_of_filter(field)) for step in steps)
    whole = " AND ".join(f"{column}=?" for column in ("application_id", *LISTS[name].within))
    walks = [step for step in steps if step.endswith(f"({whole})")]
    if any("COMPOUND QUERY" in step for step in steps):  # few rows by the filter's index, many along the order
        assert len(walks) == 1
    else:
        assert not walks
        assert not sorts(steps)


@pytest.mark.parametrize("name", ORDERED)
def test_behind_a_cursor_a_range_is_read_from_the_cursor_on(planned: Planned, name: str) -> None:
    order = "orderBy: {field: CREATED, direction: ASC}"
    page = planned.api.data(f"{{ {name}({order}, first: 1) {{ pageInfo {{ endCursor }} }} }}", key="reader")
    cursor = page[name]["pageInfo"]["endCursor"]
    steps = planned.plan(name, f'filter: {{created: {SPAN}}}, {order}, after: "{cursor}"')
    key = ",".join(LISTS[name].order_columns["CREATED"])
    assert [step for step in steps if f"({key})>(?,?)" in step]


OF_CAMPAIGN = "ix_code_application_id_campaign_id_normalized"
OF_RECIPIENT = "ix_code_application_id_kind_recipient_id_normalized"
GIVEN_BY_CAMPAIGN = "ix_redemption_application_id_campaign_id_created_session_id"


@pytest.mark.parametrize(
    ("field", "index"),
    [
        ("campaigns", "ix_campaign_application_id_rank_id"),
        ("campaigns(states: [ARCHIVED])", "ix_campaign_application_id_state_rank_id"),
        (
            'campaign(name: "campaign-1") { redemptionHistory',
            "ix_redemption_application_id_campaign_id_created_session_id",
        ),
        ('coupon(code: "code-1") { redemptionHistory', "ix_redemption_application_id_code_id_created_session_id"),
        ('campaign(name: "campaign-1") { coupons', OF_CAMPAIGN),
        ('campaign(name: "campaign-1") { coupons(filter: {codePrefix: "code-1"})', OF_CAMPAIGN),
        ('campaign(name: "campaign-1") { referrals', OF_CAMPAIGN),
        (
            'customerProfile(integrationId: "customer-1") { coupons',
            "ix_code_application_id_kind_recipient_id_normalized",
        ),
    ],
)
def test_page_of_promotions_is_read_along_its_index(planned: Planned, field: str, index: str) -> None:
    nested = " }" if "{ " in field else ""
    for arguments in ("first: 3", "last: 3"):
        called = f"{field[:-1]}, {arguments})" if field.endswith(")") else f"{field}({arguments})"
        steps = planned.steps(f"{{ {called} {{ nodes {{ __typename }} }}{nested} }}")
        assert any(f" {index} " in step for step in steps), steps
        assert len([step for step in steps if "TEMP B-TREE" in step]) == (arguments == "last: 3")


def test_code_is_found_by_its_key(planned: Planned) -> None:
    (step,) = planned.steps('{ coupon(code: "Code-1") { id } }')[2:]
    assert step.endswith("INDEX sqlite_autoindex_code_2 (application_id=? AND kind=? AND normalized=?)")


@pytest.mark.parametrize(
    ("filter", "index"),
    [
        ('batch: "rare"', "ix_code_application_id_kind_batch_normalized"),
        ('recipientProfileIds: ["customer-1", "b"]', OF_RECIPIENT),
        ("used: true", "ix_code_application_id_kind_used_normalized"),
    ],
)
def test_filtered_coupons_of_a_campaign_are_read_by_the_index_of_the_filter(
    planned: Planned, filter: str, index: str
) -> None:
    steps = planned.steps(
        f'{{ campaign(name: "campaign-1") {{ coupons(filter: {{{filter}}}) {{ nodes {{ id }} }} }} }}'
    )
    codes = [step for step in steps if " INDEX ix_code_" in step]
    assert any(f" {index} " in step for step in codes)
    assert {step.split(" INDEX ")[1].split()[0] for step in codes} <= {index, OF_CAMPAIGN}


def uses(step: str, indexes: list[str]) -> bool:
    """Return whether a step uses one of some indexes. SQLite has names of its own for those of keys."""
    named = {"pk": "USING PRIMARY KEY", "uq": "sqlite_autoindex_"}
    return any(named.get(index.split("_")[0], f"{index} ") in f"{step} " for index in indexes)


def sorts(steps: list[str]) -> bool:
    """Whether rows are put in order after they have been read."""
    return any("TEMP B-TREE" in step for step in steps)
