"""previewSession: a query that runs an operation, as mutations do, and writes nothing."""

from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from typing import Annotated

import strawberry
from sqlalchemy import Integer, Text

from db.domain.commands import PreviewSession
from db.domain.errors import CartLineNotFound, DiscountExceedsTotal, InvalidInput, NotFound, Refused, SessionNotEditable
from db.engine import json
from db.operations import previews
from graphql_api.execution.context import Info
from graphql_api.execution.run import charge_field
from graphql_api.mutations.declaration import ATTRIBUTE_ERRORS, check_declared
from graphql_api.mutations.declaration import mutation as refusable
from graphql_api.mutations.inputs import APPLICATION_ID, ContentInput, key_from_id, optional
from graphql_api.mutations.payload import NO_ERRORS, PAYLOAD, EntityPayload
from graphql_api.mutations.runner import read_payload
from graphql_api.sql.fields import FromJson, reads
from graphql_api.types.campaign import Campaign
from graphql_api.types.session_preview import SessionPreview
from graphql_api.types.user_error import UserError, user_errors

NO_CAMPAIGN = 0  # no campaign has this ID


@dataclass(frozen=True, slots=True)
class Preview:
    """A preview as JSON, and the application that it was made for."""

    application_id: int
    document: str


@strawberry.input(
    description="The session to preview. If a session with the integrationId exists, the content changes it as"
    " updateSession would; otherwise the content is that of a new session, as for createSession."
)
class PreviewSessionInput(ContentInput):
    application_id: int | None = strawberry.field(description=APPLICATION_ID, default=None)
    integration_id: str | None = strawberry.field(
        description="The integration ID of the session; null or left out for a new one.", default=None
    )
    profile_id: str | None = optional(
        "The integration ID of the customer, who need not exist. Empty or null makes the session anonymous."
    )
    at: datetime | None = strawberry.field(
        description="The instant for which the session is evaluated; null or left out for now.", default=None
    )
    campaign_ids: list[strawberry.ID] | None = strawberry.field(
        description="The campaigns to evaluate, in any state, such as DRAFT; at most 1000. Null or left out: all that"
        " are ACTIVE.",
        default=None,
    )

    def campaigns(self, application_id: int) -> list[int] | None:
        """Return the numbers of the campaigns. Raises BadUserInput on an ID of something else."""
        if self.campaign_ids is None:
            return None
        keys = [key_from_id(Campaign, each) for each in self.campaign_ids]
        return [int(number) if owner == application_id else NO_CAMPAIGN for owner, number in keys]


@strawberry.type(description="The answer of previewSession.")
class PreviewSessionPayload(EntityPayload):
    errors: list[UserError] = strawberry.field(
        description="Why the input was refused, at most 100 reasons; empty if it was not.",
        default_factory=list,
        metadata=NO_ERRORS,
    )

    @strawberry.field(
        description="The session as it would be; null if the input was refused.",
        metadata=reads(
            FromJson(
                lambda scope: scope.bind(attrgetter("source.document"), Text()),
                application=lambda scope: scope.bind(attrgetter("source.application_id"), Integer()),
            )
        ),
    )
    async def preview(self, info: Info) -> SessionPreview | None:
        """Read from the document."""
        return await self.read(info)


@refusable(
    description="Compute the price of a session, with the outcome of each rule of each campaign. Nothing is stored,"
    " so you can try any content, any time and any campaigns. A session token cannot use it.",
    errors=[InvalidInput, NotFound, *ATTRIBUTE_ERRORS, DiscountExceedsTotal, SessionNotEditable, CartLineNotFound],
    metadata=PAYLOAD,
)
async def preview_session(
    info: Info, input: Annotated[PreviewSessionInput, strawberry.argument(description="The session to preview.")]
) -> PreviewSessionPayload:
    context = info.context
    application_id = context.viewer.resolve_application(input.application_id)
    command = PreviewSession(
        application_id=application_id,
        integration_id=input.integration_id,
        content=input.content(),
        at=input.at,
        campaign_ids=input.campaigns(application_id),
    )
    try:
        found = await context.database.query(previews.preview_session, command, context.now())
    except Refused as refused:
        check_declared(info.field_name, refused)
        charge_field(info)
        return PreviewSessionPayload(errors=user_errors(refused))
    return await read_payload(info, PreviewSessionPayload(outcome=Preview(application_id, json.dumps(found))))
