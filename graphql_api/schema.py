"""The GraphQL schema, composed of its root types."""

from collections.abc import Mapping

import strawberry
from graphql import GraphQLArgument, GraphQLInputField, GraphQLInputObjectType, GraphQLObjectType, Undefined
from graphql.utilities.print_schema import print_schema_definition
from strawberry.schema.config import StrawberryConfig

from graphql_api.execution.inputs import convert_while_coercing
from graphql_api.mutations import Mutation
from graphql_api.queries import Query
from graphql_api.scalars import SCALARS
from graphql_api.subscriptions import Subscription
from graphql_api.types import session_event, user_error

DESCRIPTION = (
    "Customer sessions of a shop: the cart from its first item to the purchase, its returns, and its history. Each"
    " request needs a key or a session token in the header Authorization: Bearer. A READER or WRITER key belongs to one"
    " application and leaves applicationId out. Amounts are exact decimals, written as strings. A mutation that is"
    " refused changes nothing, and its payload has the reasons in errors; the errors of a request have a code in"
    " extensions."
)

EVENTS = [
    session_event.SessionCreated,
    session_event.SessionUpdated,
    session_event.SessionClosed,
    session_event.ItemsReturned,
    session_event.SessionCancelled,
]

schema = strawberry.Schema(
    query=Query,
    mutation=Mutation,
    subscription=Subscription,
    types=[*EVENTS, *user_error.TYPES.values()],
    config=StrawberryConfig(scalar_map=SCALARS),
)


def leave_out(inputs: Mapping[str, GraphQLArgument | GraphQLInputField]) -> None:
    """Remove defaults of null: Strawberry prints a default of None as ``= null``, which is not needed."""
    for each in inputs.values():
        if each.default_value is None:
            each.default_value = Undefined


for each in schema._schema.type_map.values():
    if isinstance(each, GraphQLInputObjectType):
        leave_out(each.fields)
    elif isinstance(each, GraphQLObjectType):
        for field in each.fields.values():
            leave_out(field.args)

schema._schema.description = DESCRIPTION
mutations, queries = schema._schema.mutation_type, schema._schema.query_type
assert mutations is not None
assert queries is not None
operations = [*mutations.fields.values(), queries.fields["previewSession"]]
convert_while_coercing(operations, [field for field in queries.fields.values() if field not in operations])


def to_sdl() -> str:
    """Return the schema in SDL, with its description, which Strawberry's printer leaves out."""
    return f"{print_schema_definition(schema._schema)}\n\n{schema.as_str().strip()}\n"
