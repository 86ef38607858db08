"""updateAttributeDefinition."""

from typing import Annotated

import strawberry

from db import operations
from db.domain.attribute_definition import AttributeEntity
from db.domain.commands import UpdateAttributeDefinition
from db.domain.errors import Refused
from db.operations import DefinitionKey
from graphql_api.mutations.content import known, optional
from graphql_api.mutations.create_attribute_definition import AttributeDefinitionPayload
from graphql_api.mutations.payload import named_by_id, writable
from graphql_api.types.attribute_definition import AttributeDefinition
from graphql_api.types.info import Info
from graphql_api.types.user_error import user_errors


@strawberry.input(description="What may change in an attribute. A field that is left out keeps its value.")
class UpdateAttributeDefinitionInput:
    """See Mutation.updateAttributeDefinition."""

    id: strawberry.ID = strawberry.field(description="The global id of the definition.")
    description: str | None = optional("What it means; up to 1000 characters.")
    allowed_values: list[str] | None = optional("The only values allowed from now on; null for all of the type.")


@strawberry.type(description="What updateAttributeDefinition answers.")
class UpdateAttributeDefinitionPayload(AttributeDefinitionPayload):
    """See Mutation.updateAttributeDefinition."""


@strawberry.mutation(description="Changes a definition. Values that are set already stay as they are.")
async def update_attribute_definition(
    info: Info,
    input: Annotated[UpdateAttributeDefinitionInput, strawberry.argument(description="The definition.")],
) -> UpdateAttributeDefinitionPayload:
    """Input to command."""
    application_id, entity, name = named_by_id(AttributeDefinition, input.id)
    command = UpdateAttributeDefinition(
        application_id=writable(info, int(application_id)),
        entity=AttributeEntity(str(entity)),
        name=str(name),
        description=known(input.description),
        allowed_values=known(input.allowed_values),
    )
    try:
        await info.context.database.write(operations.update_attribute_definition, command)
    except Refused as refused:
        return UpdateAttributeDefinitionPayload(errors=user_errors(refused))
    key = DefinitionKey(command.application_id, command.entity, command.name)
    return UpdateAttributeDefinitionPayload(outcome=key)
