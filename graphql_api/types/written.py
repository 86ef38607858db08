"""What a payload shows of what was written: read like anything else, by the key that the operation answered."""

from sqlalchemy import BigInteger, ColumnElement, Integer

from graphql_api.reading.fields import One, reads
from graphql_api.reading.identity import Columns
from graphql_api.reading.scope import Scope


def of_source(scope: Scope, row: Columns) -> ColumnElement[bool]:
    """Rows of the application that was written to."""
    return row["application_id"] == scope.bind(lambda request: request.source.application_id, Integer())


def written_session(scope: Scope, session: Columns) -> list[ColumnElement[bool]]:
    """The session that was written, or that stood in the way."""
    return [
        of_source(scope, session),
        session["id"] == scope.bind(lambda request: request.source.session_id, BigInteger()),
    ]


WRITTEN_SESSION = reads(One(written_session))
