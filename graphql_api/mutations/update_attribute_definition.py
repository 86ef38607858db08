"""updateAttributeDefinition."""

from typing import Annotated

import strawberry

from db.domain.attribute_definition import AttributeEntity
from db.domain.commands import UpdateAttributeDefinition
from db.domain.errors import InvalidInput, NotFound
from db.operations import attribute_definitions
from db.operations.attribute_definitions import DefinitionKey
from graphql_api.execution.context import Info
from graphql_api.mutations.create_attribute_definition import AttributeDefinitionPayload
from graphql_api.mutations.declaration import mutation
from graphql_api.mutations.inputs import key_from_id, optional, or_unset, writable_application
from graphql_api.mutations.payload import PAYLOAD
from graphql_api.mutations.runner import execute_and_read
from graphql_api.types.attribute_definition import AttributeDefinition


@strawberry.input(description="Changes to the definition of an attribute. A field that is left out stays as it is.")
class UpdateAttributeDefinitionInput:
    id: strawberry.ID = strawberry.field(description="The global ID of the definition.")
    description: str | None = optional(
        "The meaning of the attribute, for people; at most 1000 characters. Null clears it."
    )
    allowed_values: list[str] | None = optional(
        "The only values that are allowed from now on, each written as a text. Null allows all values of the type."
    )


@strawberry.type(description="The answer of updateAttributeDefinition.")
class UpdateAttributeDefinitionPayload(AttributeDefinitionPayload):
    pass


@mutation(
    description="Change the description or the allowed values of an attribute. Values that are stored already stay as"
    " they are. Needs a WRITER or ADMIN key.",
    errors=[InvalidInput, NotFound],
    metadata=PAYLOAD,
)
async def update_attribute_definition(
    info: Info,
    input: Annotated[
        UpdateAttributeDefinitionInput, strawberry.argument(description="The definition and what to change.")
    ],
) -> UpdateAttributeDefinitionPayload:
    application_id, entity, name = key_from_id(AttributeDefinition, input.id)
    command = UpdateAttributeDefinition(
        application_id=writable_application(info, int(application_id)),
        entity=AttributeEntity(str(entity)),
        name=str(name),
        description=or_unset(input.description),
        allowed_values=or_unset(input.allowed_values),
    )
    key = DefinitionKey(command.application_id, command.entity, command.name)
    return await execute_and_read(
        info, UpdateAttributeDefinitionPayload, attribute_definitions.update_attribute_definition, command, key=key
    )
