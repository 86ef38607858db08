"""createAttributeDefinition."""

from typing import Annotated

import strawberry
from sqlalchemy import ColumnElement, Text

from db.domain.attribute_definition import AttributeDefinition as Definition
from db.domain.attribute_definition import AttributeEntity, AttributeType
from db.domain.commands import CreateAttributeDefinition
from db.domain.errors import AlreadyExists, InvalidInput, NotFound
from db.operations import attribute_definitions
from graphql_api.execution.context import Info
from graphql_api.mutations.declaration import mutation
from graphql_api.mutations.inputs import APPLICATION_ID, writable_application
from graphql_api.mutations.payload import PAYLOAD, EntityPayload
from graphql_api.mutations.runner import execute_and_read
from graphql_api.sql.fields import One, reads
from graphql_api.sql.scope import Scope
from graphql_api.sql.source import Columns
from graphql_api.types.attribute_definition import AttributeDefinition
from graphql_api.types.written import of_source


@strawberry.input(description="The attribute to define.")
class CreateAttributeDefinitionInput:
    application_id: int | None = strawberry.field(description=APPLICATION_ID, default=None)
    entity: AttributeEntity = strawberry.field(description="The kind of entity that has the attribute.")
    name: str = strawberry.field(
        description="The name of the attribute: a letter, then letters, digits and underscores; at most 100"
        " characters. It is unique for the kind of entity, and cannot change."
    )
    type: AttributeType = strawberry.field(description="The type of its values. It cannot change.")
    description: str | None = strawberry.field(
        description="The meaning of the attribute, for people; at most 1000 characters.", default=None
    )
    allowed_values: list[str] | None = strawberry.field(
        description="The only values that are allowed, for strings, numbers, times and lists of them; each is written"
        " as a text. Null or left out: all values of the type.",
        default=None,
    )
    editable: bool = strawberry.field(
        description="False if a value of the attribute cannot change once it is set on an entity.", default=True
    )


def written_definition(scope: Scope, definition: Columns) -> list[ColumnElement[bool]]:
    """Return the conditions that select the definition that was written."""
    return [
        of_source(scope, definition),
        definition["entity"] == scope.bind(lambda request: request.source.entity, definition["entity"].type),
        definition["name"] == scope.bind(lambda request: request.source.name, Text()),
    ]


@strawberry.type
class AttributeDefinitionPayload(EntityPayload):
    """The payload of a mutation of a definition."""

    @strawberry.field(
        description="The definition after the mutation; null if the mutation was refused.",
        metadata=reads(One(written_definition)),
    )
    async def attribute_definition(self, info: Info) -> AttributeDefinition | None:
        """Read by its key."""
        return await self.read(info)


@strawberry.type(description="The answer of createAttributeDefinition.")
class CreateAttributeDefinitionPayload(AttributeDefinitionPayload):
    pass


@mutation(
    description="Define an attribute of sessions, cart lines or profiles, so that values of it can be stored. Refused"
    " with AlreadyExists if it is defined. Needs a WRITER or ADMIN key.",
    errors=[InvalidInput, NotFound, AlreadyExists],
    metadata=PAYLOAD,
)
async def create_attribute_definition(
    info: Info,
    input: Annotated[CreateAttributeDefinitionInput, strawberry.argument(description="The new attribute.")],
) -> CreateAttributeDefinitionPayload:
    command = CreateAttributeDefinition(
        application_id=writable_application(info, input.application_id),
        definition=Definition(
            entity=input.entity,
            name=input.name,
            type=input.type,
            description=input.description or "",
            allowed_values=None if input.allowed_values is None else tuple(input.allowed_values),
            editable=input.editable,
        ),
    )
    return await execute_and_read(
        info,
        CreateAttributeDefinitionPayload,
        attribute_definitions.create_attribute_definition,
        command,
        info.context.now(),
    )
