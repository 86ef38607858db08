"""Schemathesis makes operations of everything that is in the schema, right and wrong; none is an internal error."""

import re
from collections.abc import Iterator
from threading import Thread
from typing import Any

import pytest
import schemathesis
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis_graphql import nodes
from process import address, serving

from graphql_api.settings import PREFIX

EXAMPLES = 25  # of each root field

schemathesis.graphql.scalar("Decimal", st.decimals().map(str).map(nodes.String) | st.integers().map(nodes.Int))
schemathesis.graphql.scalar("DateTime", st.datetimes().map(lambda each: f"{each.isoformat()}Z").map(nodes.String))
schemathesis.graphql.scalar("JSONObject", st.text().map(nodes.String))


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, dict[str, str]]]:
    """The address of a server with a demo shop, and what to send to it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(f"{PREFIX}DATABASE_URL", f"sqlite+aiosqlite:///{tmp_path_factory.mktemp('made')}/made.db")
        with serving("--dev", "--port", "0") as process:
            key = ""
            for line in process.stdout or ():
                if found := re.search(r"\bck_\w+", line):
                    key = found[0]
                    break
            url = f"{address(process)}/graphql"
            assert process.stdout is not None
            Thread(target=process.stdout.read, daemon=True).start()  # a log that nobody reads stops the server
            yield url, {"Authorization": f"Bearer {key}"}


def test_no_operation_makes_an_internal_error(running: tuple[str, dict[str, str]]) -> None:
    url, headers = running

    def hold(case: Any) -> None:
        response = case.call(headers=headers)
        assert response.status_code < 500
        answer = response.json()
        assert "data" in answer or answer["errors"]
        assert "INTERNAL" not in [error["extensions"]["code"] for error in answer.get("errors", ())]

    schema: Any = schemathesis.graphql.from_url(url, headers=headers)
    operations = [each.ok() for each in schema.get_all_operations()]
    assert len(operations) > 20
    for operation in operations:
        made = given(case=operation.as_strategy())(hold)
        settings(max_examples=EXAMPLES, derandomize=True, database=None)(made)()
