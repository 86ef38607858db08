"""Generate a million coupons by the command line, on SQLite and on PostgreSQL.

It prints the time and the greatest memory of the command. The targets are 60 s on SQLite, 120 s on PostgreSQL, 150 MB.
"""

import argparse
import asyncio
import os
import resource
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

from stores import Files, Server, migrate

from db.domain.commands import CreateApplication
from db.domain.promotions.commands import CreateCampaign
from db.engine import open_database
from db.operations.applications import create_application
from db.operations.campaigns import create_campaign
from db.operations.outcome import Actor

TARGETS = {"sqlite": 60, "postgresql": 120}  # seconds for a million
MAX_MEGABYTES = 150
MILLION = 1_000_000


async def prepare(url: str) -> None:
    """Create an application with a campaign that requires a coupon."""
    await migrate(url)
    database = await open_database(url)
    now = datetime.now(UTC)
    application_id = await database.write(create_application, CreateApplication(name="Shop", currency="EUR"), now)
    content = {"name": "Summer", "requires": "COUPON", "rules": []}
    command = CreateCampaign(application_id=application_id, content=content)
    await database.write(create_campaign, Actor("Benchmark", "benchmark"), command, now)
    await database.close()


def generate(url: str, count: int) -> float:
    """Run the command and return its seconds."""
    options = ["--application", "1", "--campaign", "Summer", "--batch", "summer", "--pattern", "SUMMER-########"]
    command = [sys.executable, "-m", "graphql_api", "coupons", "generate", *options, "--count", str(count)]
    began = perf_counter()
    subprocess.run(command, check=True, env={**os.environ, "CARTOGRAPH_DATABASE_URL": url})  # noqa: S603  # our own
    return perf_counter() - began


def main() -> None:
    """Measure both databases and fail above a target."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=MILLION)
    count = parser.parse_args().count
    failed = False
    for name, target in TARGETS.items():
        with TemporaryDirectory() as directory:
            store: Files | Server = Files(Path(directory)) if name == "sqlite" else Server(fsync="on")
            with closing(store):
                url = store.empty()
                asyncio.run(prepare(url))
                seconds = generate(url, count)
        megabytes = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1_000  # of the largest so far
        failed |= seconds * MILLION > target * count or megabytes > MAX_MEGABYTES
        sys.stdout.write(f"{name}: {count} codes in {seconds:.1f} s, at most {megabytes:.0f} MB\n")
    sys.exit(failed)


if __name__ == "__main__":
    main()
