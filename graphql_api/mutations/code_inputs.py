"""The fields that the inputs of coupons and referrals share."""

from datetime import datetime
from typing import Any, TypeVar

import strawberry

from db.domain.errors import AlreadyExists
from db.domain.promotions.commands import CreateCode, UpdateCode
from graphql_api.execution.context import Info
from graphql_api.mutations.declaration import REPEATABLE_ERRORS
from graphql_api.mutations.inputs import IDEMPOTENCY_KEY, key_from_id, optional, or_unset, writable_application
from graphql_api.types.campaign import Campaign

C = TypeVar("C", bound=CreateCode)
U = TypeVar("U", bound=UpdateCode)

CODE = (
    "1 to 100 printable ASCII characters. Upper and lower case and blanks around a code do not count; it is shown as it"
    " was created."
)
BATCH = "The name of the batch, 1 to 100 characters, by which the coupons can be listed and ended."
STARTS = "The time from which on the code can be used. Null: no start."
ENDS = "The time from which on it can no longer be used; after starts. Null: no end."
USAGE_LIMIT = "The highest number of sessions that can use the code, 1 or more. Null: no limit."
CREATE_ERRORS = (*REPEATABLE_ERRORS, AlreadyExists)


@strawberry.input
class NewCodeInput:
    """The fields of every new code. ``usage_limit`` is a field of each input, since the defaults differ."""

    campaign_id: strawberry.ID = strawberry.field(description="The global ID of the campaign.")
    starts: datetime | None = strawberry.field(description=STARTS, default=None)
    ends: datetime | None = strawberry.field(description=ENDS, default=None)
    idempotency_key: str | None = strawberry.field(description=IDEMPOTENCY_KEY, default=None)

    def command(self, info: Info, command: type[C], **fields: Any) -> C:
        """Return a command that creates codes of the campaign."""
        application_id, campaign_id = campaign_key(info, self.campaign_id)
        return command(
            application_id=application_id,
            campaign_id=campaign_id,
            starts=self.starts,
            ends=self.ends,
            idempotency_key=self.idempotency_key,
            **fields,
        )


@strawberry.input
class UpdateCodeInput:
    """The fields of a code that can be changed."""

    id: strawberry.ID = strawberry.field(description="The global ID.")
    starts: datetime | None = optional(STARTS)
    ends: datetime | None = optional(ENDS)
    usage_limit: int | None = optional(f"{USAGE_LIMIT} It can be lower than the number of sessions that used it.")
    idempotency_key: str | None = strawberry.field(description=IDEMPOTENCY_KEY, default=None)

    def command(self, info: Info, command: type[U], type_: type[Any], **fields: Any) -> U:
        """Return a command that changes a code of a GraphQL type."""
        application_id, code_id = key_from_id(type_, self.id)
        return command(
            application_id=writable_application(info, int(application_id)),
            code_id=int(code_id),
            starts=or_unset(self.starts),
            ends=or_unset(self.ends),
            usage_limit=or_unset(self.usage_limit),
            idempotency_key=self.idempotency_key,
            **fields,
        )


def campaign_key(info: Info, global_id: str) -> tuple[int, int]:
    """Return the application and the ID of a campaign that the caller may change."""
    application_id, campaign_id = key_from_id(Campaign, global_id)
    return writable_application(info, int(application_id)), int(campaign_id)
