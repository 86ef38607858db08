"""Introspection: its cost, its limits, and who may introspect."""

import asyncio
import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from api_server import Api
from graphql import build_client_schema, get_introspection_query, print_schema
from token_requests import filled, token

from graphql_api.execution import executor
from graphql_api.schema import schema

FULL = get_introspection_query(
    schema_description=True, input_value_deprecation=True, one_of=True, specified_by_url=True
)
NESTED = (
    "fragment S on __Schema { types { fields { type { fields { name description type { name } }"
    " ofType { fields { name description type { name kind } isDeprecated args { name } } } } } } }"
)


@pytest.fixture(scope="module")
def api(shared_api: Api) -> Api:
    """The API with a session, for tests that change nothing."""
    return filled(shared_api)


def test_full_introspection_query_describes_the_schema(api: Api) -> None:
    described = build_client_schema(api.data(FULL))
    assert set(described.type_map) == set(schema._schema.type_map)
    assert print_schema(described).startswith(print_schema(schema._schema)[:100])


def cost(api: Api, document: str) -> int:
    answer = api.query(document)
    assert "errors" not in answer
    found: int = answer["extensions"]["cost"]["requested"]
    return found


def fields(value: Any) -> int:
    """Return the number of fields of an answer."""
    if isinstance(value, list):
        return sum(map(fields, value))
    return len(value) + sum(map(fields, value.values())) if isinstance(value, dict) else 0


@pytest.mark.parametrize(
    "document",
    [
        FULL,
        "{ __schema { queryType { name } } }",
        '{ __type(name: "CustomerSession") { name fields { name type { name ofType { name } } } } }',
        "{ a: __schema { types { name } } b: __schema { directives { args { name type { name } } } } }",
        "{ __schema { types { interfaces { name } possibleTypes { name } enumValues { name } } } }",
    ],
)
def test_sixteen_fields_of_introspection_cost_at_least_one(api: Api, document: str) -> None:
    assert fields(api.data(document)) <= 16 * cost(api, document)


def test_full_introspection_query_is_within_a_fifth_of_the_default_limit(api: Api) -> None:
    assert cost(api, FULL) < 2_000


def test_cost_of_introspection_adds_to_that_of_other_fields(api: Api) -> None:
    assert cost(api, "{ __schema { queryType { name } } customerSessions(first: 7) { nodes { id } } }") == 1 + 7


@pytest.mark.parametrize(
    "document",
    [
        "{ __schema { ...S } }" + NESTED,
        "{" + "".join(f"a{each}: __schema {{ ...S }} " for each in range(99)) + "}" + NESTED,
        "{" + "".join(f"a{each}: __schema {{ queryType {{ name }} }} " for each in range(5)) + "}",
        "{ viewer { role } __schema { types { fields { type { fields { type { fields { name } } } } } } } }",
    ],
)
def test_large_introspection_is_refused(api: Api, document: str) -> None:
    began = time.process_time()
    (code,) = set(api.codes(document))
    assert code in ("LIMIT_EXCEEDED", "GRAPHQL_VALIDATION_FAILED")
    assert time.process_time() - began < 1


def test_introspection_has_the_limit_of_answers(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(executor, "MAX_INTROSPECTION_BYTES", 10_000)
    assert api.codes(FULL) == ["LIMIT_EXCEEDED"]


def test_introspection_leaves_the_event_loop_free(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """While one introspects, others are answered."""
    finished: list[str] = []

    async def send(name: str, document: str) -> None:
        await api.post({"query": document})
        finished.append(name)

    async def both() -> None:
        await send("warm", "{ viewer { role } }")
        introspecting = asyncio.create_task(send("schema", FULL))
        await asyncio.sleep(0)
        await asyncio.gather(introspecting, *(send("viewer", "{ viewer { role } }") for _ in range(3)))

    api.runner.run(both())
    assert finished == ["warm", *["viewer"] * 3, "schema"]


def test_error_in_introspection_names_its_field(api: Api) -> None:
    document = "query ($no: Boolean = true) { __schema { queryType { fields(includeDeprecated: $no) { name } } } }"
    answer = api.query(document, {"no": None})
    assert [error["path"] for error in answer["errors"]] == [["__schema", "queryType", "fields"]]
    assert json.dumps(answer["data"]) == '{"__schema": {"queryType": {"fields": null}}}'


@pytest.mark.parametrize(
    "document",
    ["{ __schema { queryType { name } } }", 'query { ...F } fragment F on Query { __type(name: "Query") { name } }'],
)
def test_session_token_introspects_only_by_the_setting(serve: Callable[..., Api], document: str) -> None:
    refusing = filled(serve())
    assert refusing.codes(document, key=token(refusing)) == ["FORBIDDEN"]
    assert "errors" not in refusing.query("{ __typename viewer { role } }", key=token(refusing))


def test_session_token_introspects_with_the_setting(serve: Callable[..., Api]) -> None:
    allowing = filled(serve(token_introspection=True))
    assert allowing.codes("{ __schema { queryType { name } } }", key=token(allowing)) == []
