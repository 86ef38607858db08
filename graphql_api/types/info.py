"""The info that resolvers get."""

import strawberry

from graphql_api.context import Context

Info = strawberry.Info[Context, None]
