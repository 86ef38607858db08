"""The info that resolvers get."""

import strawberry

from graphql_api.execution.context import Context

Info = strawberry.Info[Context, None]
