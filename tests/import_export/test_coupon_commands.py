"""cartograph coupons: generate, import and export, and a generation that is killed."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from shop import Shop
from sqlalchemy import Connection
from stores import execute

from db.domain.promotions.commands import CreateCampaign
from db.engine import open_database
from db.engine.statements import Compiled
from db.operations import coupon_batches
from db.operations.campaigns import create_campaign
from db.operations.outcome import Actor
from db.repository.promotion_facts import SELECT_CODES
from graphql_api.cli import main

pytestmark = pytest.mark.alone

OF_CAMPAIGN = ["--application", "1", "--campaign", "Summer"]
GENERATE = ["coupons", "generate", *OF_CAMPAIGN, "--batch", "summer"]
IMPORT = ["coupons", "import", "codes.txt", *OF_CAMPAIGN, "--batch", "old"]


@pytest.fixture(autouse=True)
def campaign(own_database: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Create an application with a campaign that requires a coupon."""
    assert main(["create-application", "Shop", "--currency", "EUR"]) == 0
    content = {"name": "Summer", "requires": "COUPON", "rules": []}

    async def create() -> None:
        database = await open_database(own_database)
        command = CreateCampaign(application_id=1, content=content)
        await database.write(create_campaign, Actor("Till", "till"), command, Shop.OPENED)
        await database.close()

    asyncio.run(create())
    capsys.readouterr()


def stored(url: str) -> list[str]:
    """Return all codes, in order."""
    return [str(code) for (code,) in execute(url, "SELECT code FROM code ORDER BY normalized")]


def exported(capsys: pytest.CaptureFixture[str], *options: str) -> list[str]:
    """Return the codes that an export prints."""
    capsys.readouterr()
    assert main(["coupons", "export", *OF_CAMPAIGN, *options]) == 0
    return capsys.readouterr().out.splitlines()


def test_batch_is_generated_once_and_written_to_a_file(
    own_database: str, own_directory: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(coupon_batches, "CODES_AT_ONCE", 7)
    command = [*GENERATE, "--count", "20", "--pattern", "SUMMER-#####", "codes.txt"]

    assert main(command) == 0
    assert capsys.readouterr().err.startswith("20 generated, in ")
    codes = stored(own_database)
    assert len(codes) == 20
    assert (own_directory / "codes.txt").read_text().splitlines() == codes == exported(capsys)

    assert main(command) == 0
    assert capsys.readouterr().err.startswith("0 generated, 20 were there, in ")
    assert stored(own_database) == codes
    assert exported(capsys, "--batch", "other") == []


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (["--count", "1000", "--pattern", "S-###"], "Expected a pattern with at least 1000000 possible codes"),
        (["--count", "1", "--characters", "aA"], "A character is listed twice"),
        (["--count", "1", "--campaign", "Winter"], 'There is no campaign "Winter" in application 1.'),
        (["--count", "1", "--batch", ""], "Expected 1 to 100 characters, got 0."),
    ],
)
def test_generation_that_cannot_work_is_refused(
    own_database: str, capsys: pytest.CaptureFixture[str], options: list[str], problem: str
) -> None:
    assert main([*GENERATE, *options]) == 1
    assert capsys.readouterr().err.startswith(problem)
    assert stored(own_database) == []


def test_batch_with_codes_of_another_origin_is_refused(
    own_directory: Path, own_database: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (own_directory / "codes.txt").write_text("A\nB\n")
    assert main(IMPORT) == 0
    capsys.readouterr()

    assert main([*GENERATE, "--count", "5", "--batch", "old"]) == 1

    assert capsys.readouterr().err.startswith("The batch has 2 codes that were not made for 5 codes of this pattern.")
    assert stored(own_database) == ["A", "B"]


def test_import_reports_lines_that_are_refused_and_can_be_repeated(
    own_directory: Path, own_database: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(coupon_batches, "CODES_AT_ONCE", 3)
    (own_directory / "codes.txt").write_bytes(b"Taken\n")
    assert main([*IMPORT, "--batch", "other"]) == 0
    (own_directory / "codes.txt").write_bytes(b"one\r\nTWO\n\n\xc3\xa9\n" + b"x" * 5_000 + b"\nOne \ntaken\nthree")
    capsys.readouterr()

    assert main(IMPORT) == 1
    printed = capsys.readouterr()
    assert printed.out.startswith("3 created, 1 unchanged, 4 failed in ")
    assert printed.err.splitlines() == [
        "line 3: Expected 1 to 100 characters, got 0.",
        "line 4: Expected printable ASCII characters only.",
        "line 5: Expected 1 to 100 characters, got 1000.",
        'line 7: There is already a coupon "TAKEN" elsewhere.',
    ]
    assert main(IMPORT) == 1
    assert capsys.readouterr().out.startswith("0 created, 4 unchanged, 4 failed in ")
    assert stored(own_database) == ["one", "Taken", "three", "TWO"]
    assert exported(capsys, "--batch", "old") == ["one", "three", "TWO"]


def test_killed_generation_is_completed_by_the_same_command(
    own_database: str, capsys: pytest.CaptureFixture[str]
) -> None:
    command = [*GENERATE, "--count", "60000", "--pattern", "S-########"]
    process = subprocess.Popen(  # noqa: S603  # our own command
        [sys.executable, "-m", "graphql_api", *command], env=os.environ, stderr=subprocess.DEVNULL
    )
    until = time.monotonic() + 60
    while not (before := len(stored(own_database))):
        assert time.monotonic() < until
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert before % coupon_batches.CODES_AT_ONCE == 0
    killed = stored(own_database)

    assert main(command) == 0

    assert capsys.readouterr().err.splitlines()[-1].startswith(f"{60_000 - len(killed)} generated")
    codes = stored(own_database)
    assert len(set(codes)) == len(codes) == 60_000
    assert codes[: len(killed)] == killed


def test_code_is_found_by_its_key_alone_however_many_there_are(own_database: str) -> None:
    assert main([*GENERATE, "--count", "20000", "--pattern", "S-########"]) == 0
    code = stored(own_database)[12_345]

    def plan(connection: Connection) -> str:
        names = {"application_id": 1, "coupon": code, "referral": None}
        compiled: Compiled = SELECT_CODES._compile(connection, names)
        if connection.dialect.name == "sqlite":
            explained: Any = connection.exec_driver_sql(
                f"EXPLAIN QUERY PLAN {compiled.text}", (*compiled.values(names),)
            )
            return "\n".join(row[3] for row in explained)
        connection.exec_driver_sql("ANALYZE code")
        explained = connection.exec_driver_sql(f"EXPLAIN {compiled.text}", (*compiled.values(names),))
        return "\n".join(row[0] for row in explained)

    async def explain() -> str:
        database = await open_database(own_database)
        found = await database.write(plan)
        await database.close()
        return found

    found = asyncio.run(explain())
    scans = [line for line in found.splitlines() if " on code" in line or " code USING " in line]
    assert scans, found
    for scan in scans:
        assert "uq_code" in scan or "application_id=? AND kind=? AND normalized=?" in scan, found
