"""cartograph export --format csv and cartograph statistics."""

import csv
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from transfer import file, record

from graphql_api.cli import main
from graphql_api.commands import spreadsheet

Printed = pytest.CaptureFixture[str]

FEBRUARY, LATER = "2026-02-01T10:00:00.000Z", "2026-03-02T10:00:00.000Z"
LINES = [
    {"sku": "=1+1", "quantity": 2, "price": 1.25, "name": 'A "mug", large\nblue'},
    {"sku": "pear", "quantity": 1, "price": 3, "category": "+fruit"},
]
RECORDS = [
    record("@s1", cartItems=LINES, total=5.5, profileId="-ada", discounts={"spring": 0.5}),
    record("s2", created=FEBRUARY, updated=FEBRUARY, coupon="HELLO", identifiers=["till 4", "lane 2"]),
    record("s3", created=LATER, updated=LATER, state="open", cartItems=[], total=0),
]


@pytest.fixture(autouse=True)
def shop(own_database: str, own_directory: Path, capsys: Printed) -> None:
    """An application with three sessions."""
    (own_directory / "sessions.jsonl").write_bytes(file(*RECORDS))
    assert main(["create-application", "Shop", "--currency", "EUR"]) == 0
    assert main(["import", "sessions.jsonl", "--application", "1"]) == 0
    capsys.readouterr()


def output(capsys: Printed, *arguments: str) -> str:
    assert main([*arguments, "--application", "1"]) == 0
    return capsys.readouterr().out


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


def exported(capsys: Printed, *arguments: str) -> list[dict[str, str]]:
    return rows(output(capsys, "export", "--format", "csv", *arguments))


def test_csv_has_a_row_for_each_session_the_oldest_first(capsys: Printed) -> None:
    found = exported(capsys)
    assert [row["integrationId"] for row in found] == ["s2", "'@s1", "s3"]
    assert found[0]["coupon"] == "HELLO"
    assert found[0]["identifiers"] == '["till 4", "lane 2"]'
    assert found[1]["profileId"] == "'-ada"
    assert [found[1][name] for name in ("total", "discountTotal", "netTotal")] == ["5.50", "0.50", "5.00"]
    assert [found[2][name] for name in ("state", "closed", "attributes")] == ["OPEN", "", ""]


def test_csv_with_lines_has_a_row_for_each_line(capsys: Printed) -> None:
    found = exported(capsys, "--lines")
    assert [(row["integrationId"], row["position"], row["sku"]) for row in found] == [
        ("s2", "0", "apple"),
        ("'@s1", "0", "'=1+1"),
        ("'@s1", "1", "pear"),
    ]
    assert found[1]["name"] == 'A "mug", large\nblue'
    assert found[2]["category"] == "'+fruit"


@pytest.mark.parametrize("text", ["=1", "+1", "-1", "@x", "\tx", "\rx", "\nx"])
def test_text_that_a_spreadsheet_would_run_is_defused(text: str) -> None:
    assert spreadsheet.cell(text) == f"'{text}"


def test_csv_follows_the_filter_of_the_list(capsys: Printed) -> None:
    found = exported(capsys, "--filter", '{"states": ["CLOSED"], "coupons": ["HELLO"]}')
    assert [row["integrationId"] for row in found] == ["s2"]


def test_csv_of_many_pages_has_every_session_once(capsys: Printed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spreadsheet, "PAGE", 1)
    assert [row["integrationId"] for row in exported(capsys)] == ["s2", "'@s1", "s3"]


def test_page_too_large_for_an_answer_is_halved(capsys: Printed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("graphql_api.commands.queries.MAX_COST", 5)  # a page of one session costs less, of three more
    assert [row["integrationId"] for row in exported(capsys)] == ["s2", "'@s1", "s3"]


def test_statistics_are_printed_as_a_table_as_json_and_as_csv(capsys: Printed) -> None:
    arguments = ("statistics", "--by", "month")
    groups: Sequence[dict[str, Any]] = json.loads(output(capsys, *arguments, "--json"))
    assert [(group["key"], group["sessions"], group["netTotal"]) for group in groups] == [
        ("2026-03-01", 2, "5.00"),
        ("2026-02-01", 1, "2.50"),
    ]
    assert rows(output(capsys, *arguments, "--csv")) == [
        {name: str(value) for name, value in group.items()} for group in groups
    ]
    assert output(capsys, *arguments).splitlines() == [
        "key         sessions  units  total  discountTotal  returnedTotal  netTotal",
        "2026-03-01         2      3   5.50           0.50           0.00      5.00",
        "2026-02-01         1      2   2.50           0.00           0.00      2.50",
    ]


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["statistics", "--application", "7"], "There is no application 7."),
        (["export", "--format", "csv", "--application", "7"], "There is no application 7."),
        (
            ["statistics", "--application", "1", "--filter", "["],
            "Invalid value for --filter: is not JSON: Expecting value: line 1 column 2 (char 1).",
        ),
        (
            ["statistics", "--application", "1", "--filter", "[]"],
            'Invalid value for --filter: is not a JSON object such as {"states": ["CLOSED"]}.',
        ),
        (
            ["statistics", "--application", "1", "--filter", '{"states": ["GONE"]}'],
            "Variable '$filter' has invalid value at .states[0]: Value 'GONE' does not exist in 'SessionState' enum.",
        ),
        (["export", "--application", "1", "--lines"], "Invalid value for --lines: needs --format csv."),
    ],
)
def test_bad_argument_is_named(capsys: Printed, arguments: Sequence[str], problem: str) -> None:
    assert main(arguments) != 0
    assert capsys.readouterr().err == f"{problem}\n"
