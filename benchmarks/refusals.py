"""Time the worst documents, accepted or refused: those of tests/attacks.py, each as large as the limits permit.

Run: ``PYTHONPATH=.:tests python benchmarks/refusals.py``. It uses one core and no database, and takes half a minute.
"""

import gc
from time import process_time

import typer
from api_server import settings_for
from attacks import ATTACKS, Attack
from graphql import GraphQLError

from graphql_api.errors import LimitExceeded
from graphql_api.execution.document_validation import InvalidDocument
from graphql_api.execution.documents import Documents
from graphql_api.schema import schema

REPEATS = 20
SETTINGS = settings_for("sqlite+aiosqlite:///unused.db")


def first_error(source: str) -> GraphQLError | None:
    """Return the first error of a document that is not cached, or None if it is valid."""
    try:
        Documents(schema._schema, SETTINGS).parse(source)
    except InvalidDocument as invalid:
        return invalid.errors[0]
    return None


def is_within_limits(source: str) -> bool:
    """Return whether no limit was exceeded; a document may be within the limits and invalid."""
    error = first_error(source)
    return error is None or (error.extensions or {})["code"] != LimitExceeded.code


def largest(attack: Attack) -> str:
    """Return the longest document of an attack that is within the limits."""
    low, high = 1, SETTINGS.max_document_length
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if is_within_limits(attack(middle)) else (low, middle - 1)
    return attack(low)


def milliseconds(source: str) -> float:
    """Return the shortest CPU time of several runs."""
    times = []
    for _ in range(REPEATS):
        started = process_time()
        first_error(source)
        times.append(process_time() - started)
    return 1_000 * min(times)


def main() -> None:
    """Print one line for each document, the slowest first."""
    gc.freeze()  # as the server does
    documents = {name: largest(attack) for name, attack in ATTACKS.items()}
    timed = {name: milliseconds(source) for name, source in documents.items()}
    for name in sorted(timed, key=lambda name: -timed[name]):
        source = documents[name]
        verdict = "refused" if first_error(source) else "accepted"
        typer.echo(f"{timed[name]:6.1f} ms  {verdict}  {name}, {len(source):,} characters")


if __name__ == "__main__":
    main()
