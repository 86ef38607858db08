"""How long the worst documents take to be refused: those of tests/attacks.py, each as large as the limits let it be."""

import gc
from time import process_time

import typer
from attacks import ATTACKS, Attack
from graphql import GraphQLError
from served import settings_for

from graphql_api.errors import LimitExceeded
from graphql_api.execution.documents import Documents, InvalidDocument
from graphql_api.schema import schema

TIMES = 20
SETTINGS = settings_for("sqlite+aiosqlite:///unused.db")


def refusal(source: str) -> GraphQLError | None:
    """Why a document that is new is refused."""
    try:
        Documents(schema._schema, SETTINGS).get(source)
    except InvalidDocument as invalid:
        return invalid.errors[0]
    return None


def within(source: str) -> bool:
    """Whether a document is within the limits."""
    error = refusal(source)
    return error is None or (error.extensions or {})["code"] != LimitExceeded.code


def largest(attack: Attack) -> str:
    """An attack of the greatest size that is within the limits."""
    least, most = 1, SETTINGS.max_document_length
    while least < most:
        middle = (least + most + 1) // 2
        least, most = (middle, most) if within(attack(middle)) else (least, middle - 1)
    return attack(least)


def milliseconds(source: str) -> float:
    """What a document takes of a core, at best."""
    taken = []
    for _ in range(TIMES):
        started = process_time()
        refusal(source)
        taken.append(process_time() - started)
    return 1_000 * min(taken)


def main() -> None:
    """Print them, the worst first."""
    gc.freeze()  # as the server does
    found = {name: largest(attack) for name, attack in ATTACKS.items()}
    timed = {name: milliseconds(source) for name, source in found.items() if refusal(source)}
    for name in sorted(timed, key=lambda name: -timed[name]):
        typer.echo(f"{timed[name]:6.1f} ms  {name}, {len(found[name]):,} characters")


if __name__ == "__main__":
    main()
