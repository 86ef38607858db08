"""Fields that read an amount, in the currency of its session."""

from typing import Any

import strawberry
from sqlalchemy import ColumnElement, literal_column, select

from graphql_api.sql.fields import Expression, Value, reads
from graphql_api.sql.scope import Scope
from graphql_api.types.sources import APPLICATIONS


def money(description: str, expression: Expression | None = None) -> Any:
    """Declare a field that reads an amount, with as many decimal places as its currency has minor digits."""
    return strawberry.field(description=description, metadata=reads(Value(expression, places=minor_digits)))


def minor_digits(scope: Scope) -> ColumnElement[int]:
    """Return the minor digits of the currency of the row in scope.

    A session and an application have them in a column. All rows that one row leads to are of one application, so a row
    without them takes those of the row around it.
    """
    if scope.columns is None:
        return literal_column("0")
    if "minor_digits" in scope.columns:
        return scope.columns["minor_digits"]
    if scope.around is not None and scope.around.columns is not None:
        return minor_digits(scope.around)
    owner = scope.alias(APPLICATIONS)
    found = select(owner.c.minor_digits).where(owner.c.application_id == scope.columns["application_id"])
    return found.correlate_except(owner).scalar_subquery()
