"""Conditions that select what an operation wrote, by the key that it returned: ``request.source``."""

from operator import attrgetter

from sqlalchemy import BigInteger, ColumnElement, Integer

from graphql_api.sql.fields import One, reads
from graphql_api.sql.scope import Scope
from graphql_api.sql.source import Columns

APPLICATION_ID, SESSION_ID, VERSION, CAMPAIGN_ID, ROW_ID = (
    attrgetter(f"source.{name}") for name in ("application_id", "session_id", "version", "campaign_id", "id")
)


def of_source(scope: Scope, row: Columns) -> ColumnElement[bool]:
    """Return the condition on rows of the application that was written to."""
    return row["application_id"] == scope.bind(APPLICATION_ID, Integer())


def session_id(scope: Scope) -> ColumnElement[int]:
    """Return the number of the session that was written."""
    return scope.bind(SESSION_ID, BigInteger())


def written_session(scope: Scope, session: Columns) -> list[ColumnElement[bool]]:
    """Return the conditions on the session that was written, or that was the reason of a refusal."""
    return [of_source(scope, session), session["id"] == session_id(scope)]


def written_event(scope: Scope, event: Columns) -> list[ColumnElement[bool]]:
    """Return the conditions on the event that was written with the session."""
    return [
        of_source(scope, event),
        event["session_id"] == session_id(scope),
        event["version"] == scope.bind(VERSION, Integer()),
    ]


def written_row(scope: Scope, row: Columns) -> list[ColumnElement[bool]]:
    """Return the conditions on the row that was written, by its ID within the application."""
    return [of_source(scope, row), row["id"] == scope.bind(ROW_ID, BigInteger())]


def named_campaign(scope: Scope, campaign: Columns) -> list[ColumnElement[bool]]:
    """Return the conditions on the campaign that was the reason of a refusal."""
    return [of_source(scope, campaign), campaign["id"] == scope.bind(CAMPAIGN_ID, BigInteger())]


WRITTEN_CAMPAIGN = reads(One(named_campaign))
WRITTEN_SESSION = reads(One(written_session))
WRITTEN_ROW = reads(One(written_row))
