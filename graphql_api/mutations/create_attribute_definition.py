"""createAttributeDefinition."""

from typing import Annotated

import strawberry
from sqlalchemy import ColumnElement, Text

from db import operations
from db.domain.attribute_definition import AttributeDefinition as Definition
from db.domain.attribute_definition import AttributeEntity, AttributeType
from db.domain.commands import CreateAttributeDefinition
from db.domain.errors import Refused
from db.operations import DefinitionKey
from graphql_api.execution.context import now
from graphql_api.execution.read import answer
from graphql_api.mutations.content import APPLICATION_ID
from graphql_api.mutations.payload import ERRORS, writable
from graphql_api.sql.fields import One, reads
from graphql_api.sql.global_ids import Columns
from graphql_api.sql.scope import Scope
from graphql_api.types.attribute_definition import AttributeDefinition
from graphql_api.types.info import Info
from graphql_api.types.user_error import UserError, user_errors
from graphql_api.types.written import of_source


@strawberry.input(description="A new attribute.")
class CreateAttributeDefinitionInput:
    """See Mutation.createAttributeDefinition."""

    application_id: int | None = strawberry.field(description=APPLICATION_ID, default=None)
    entity: AttributeEntity = strawberry.field(description="What it is defined for.")
    name: str = strawberry.field(description="A letter, then letters, digits and underscores; at most 100 characters.")
    type: AttributeType = strawberry.field(description="The type of its values. It cannot change.")
    description: str | None = strawberry.field(description="What it means; up to 1000 characters.", default=None)
    allowed_values: list[str] | None = strawberry.field(
        description="The only values allowed, for strings, numbers, times and lists of them.", default=None
    )
    editable: bool = strawberry.field(description="False: once set on an entity it cannot change.", default=True)


def written_definition(scope: Scope, definition: Columns) -> list[ColumnElement[bool]]:
    """The definition that was written."""
    return [
        of_source(scope, definition),
        definition["entity"] == scope.bind(lambda request: request.source.entity, definition["entity"].type),
        definition["name"] == scope.bind(lambda request: request.source.name, Text()),
    ]


@strawberry.type
class AttributeDefinitionPayload:
    """What both mutations of definitions answer."""

    outcome: strawberry.Private[DefinitionKey | None] = None
    errors: list[UserError] = strawberry.field(description=ERRORS, default_factory=list)

    @strawberry.field(
        description="The definition as it is now; null where the mutation was refused.",
        metadata=reads(One(written_definition)),
    )
    async def attribute_definition(self, info: Info) -> AttributeDefinition | None:
        """Read by its key."""
        return await answer(info, self.outcome) if self.outcome else None


@strawberry.type(description="What createAttributeDefinition answers.")
class CreateAttributeDefinitionPayload(AttributeDefinitionPayload):
    """See Mutation.createAttributeDefinition."""


@strawberry.mutation(description="Defines an attribute of sessions, cart lines or profiles.")
async def create_attribute_definition(
    info: Info,
    input: Annotated[CreateAttributeDefinitionInput, strawberry.argument(description="The new attribute.")],
) -> CreateAttributeDefinitionPayload:
    """Input to command."""
    command = CreateAttributeDefinition(
        application_id=writable(info, input.application_id),
        definition=Definition(
            entity=input.entity,
            name=input.name,
            type=input.type,
            description=input.description or "",
            allowed_values=None if input.allowed_values is None else tuple(input.allowed_values),
            editable=input.editable,
        ),
    )
    try:
        key = await info.context.database.write(operations.create_attribute_definition, command, now())
    except Refused as refused:
        return CreateAttributeDefinitionPayload(errors=user_errors(refused))
    return CreateAttributeDefinitionPayload(outcome=key)
