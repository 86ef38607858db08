"""Arguments of mutations: descriptions that several share, conversions and checks."""

from typing import Any, TypeVar

import strawberry

from db.domain.commands import UNSET, SessionCommand, Unset
from graphql_api.execution.context import Context, Info
from graphql_api.sql.global_ids import parse
from graphql_api.sql.source import Source

T = TypeVar("T")
C = TypeVar("C", bound=SessionCommand)

INTEGRATION_ID = "The integration ID of the session, 1 to 1000 characters; unique in the application."
APPLICATION_ID = (
    "The number of the application. A READER or WRITER key has one application, and leaves this out; an ADMIN key has"
    " to give it."
)
EXPECTED_VERSION = (
    "The version that the session should have. If it has another one, the mutation is refused with VersionConflict."
    " Null or left out: not checked."
)
IDEMPOTENCY_KEY = (
    "A text of 1 to 255 characters that the client chooses, so that it can send the mutation"
    " again safely, for example after a timeout. If a mutation with the same text and the same input was"
    " carried out in the last 24 hours, nothing changes: the payload has the session or profile as it is"
    " now, and replayed is true. The same text with another input is refused with IdempotencyKeyReused."
    " Each API key has its own idempotency keys."
)


def optional(description: str) -> Any:
    """Return an input field that can be left out, which is not the same as null."""
    return strawberry.field(description=description, default=strawberry.UNSET)


@strawberry.input
class SessionInput:
    """The fields by which a mutation finds its session, and by which it can be repeated."""

    integration_id: str = strawberry.field(description=INTEGRATION_ID)
    application_id: int | None = strawberry.field(description=APPLICATION_ID, default=None)
    idempotency_key: str | None = strawberry.field(description=IDEMPOTENCY_KEY, default=None)

    def command(self, command: type[C], application_id: int, **fields: Any) -> C:
        """Return a command on the session of the input."""
        return command(
            application_id=application_id,
            integration_id=self.integration_id,
            idempotency_key=self.idempotency_key,
            **fields,
        )


@strawberry.input
class VersionedInput(SessionInput):
    """The fields of a mutation that is refused if the session has changed."""

    expected_version: int | None = strawberry.field(description=EXPECTED_VERSION, default=None)

    def command(self, command: type[C], application_id: int, **fields: Any) -> C:
        """Return a command on the expected version."""
        return super().command(command, application_id, expected_version=self.expected_version, **fields)


def or_unset(value: T) -> T | Unset:
    """Return a value, or the domain's UNSET for one that was left out."""
    return UNSET if value is strawberry.UNSET else value


def unset_if_null(value: T | None) -> T | Unset:
    """Return a value that cannot be cleared: null means the same as leaving it out."""
    return UNSET if value is None else value


def writable_application(info: Info, application_id: int | None) -> int:
    """Return the application that the caller may change. Raises Forbidden and BadUserInput."""
    context: Context = info.context
    context.viewer.require_write()
    return context.viewer.resolve_application(application_id)


def key_from_id(type_: type[Any], global_id: str) -> list[int | str]:
    """Return the key of an object of one type, from its global ID. Raises BadUserInput on any other ID."""
    source: Source = type_.source
    return parse(global_id, {str(source.prefix): source})[1]
