"""Answers: the JSON that the statements of a document make."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

import orjson
from graphql import OperationDefinitionNode

from db.engine.errors import AnswerTooLarge, StatementTooDeep
from graphql_api.errors import LimitExceeded
from graphql_api.sql.plan import Plan
from graphql_api.sql.request import Request

if TYPE_CHECKING:
    from graphql_api.execution.context import Context
    from graphql_api.types.info import Info


async def answer(info: Info, source: Any = None) -> Any:
    """What a field that is read resolves to: its JSON, made by the database, for the executor to let through."""
    context: Context = info.context
    raw = info._raw_info
    variables = cast(Mapping[str, Any], raw.variable_values)  # Strawberry puts the coerced values there
    request = Request(context.viewer, context.settings, variables, source)
    plan = await context.document.plan_field(raw.parent_type, raw.field_nodes, request, context.database.dialect)
    return await read(context, plan, request)


async def answer_whole(
    context: Context, operation: OperationDefinitionNode, variables: Mapping[str, Any], source: Any = None
) -> orjson.Fragment | None:
    """The data of a whole query, or of one event of a subscription, by one statement.

    None where it asks for the schema, which is not in the database.
    """
    request = Request(context.viewer, context.settings, variables, source)
    plan = await context.document.plan_operation(operation, request, context.database.dialect)
    return None if plan.statement is None else await read(context, plan, request)


async def hold_to_limits(context: Context, operation: OperationDefinitionNode, variables: Mapping[str, Any]) -> None:
    """Raises LimitExceeded and BadUserInput where a subscription could tell no event for what it asks of each."""
    request = Request(context.viewer, context.settings, variables)
    plan = await context.document.plan_operation(operation, request, context.database.dialect)
    plan.cost(request)


async def read(context: Context, plan: Plan, request: Request) -> orjson.Fragment:
    """The JSON that a plan's statement answers. Raises LimitExceeded where the database cannot parse it."""
    assert plan.statement is not None
    try:
        cost = plan.cost(request)
        context.seen.cost += cost
        objects = None if plan.swept else cost
        return orjson.Fragment(await context.database.read(plan.statement, plan.bound(request), objects) or "null")
    except StatementTooDeep:
        raise LimitExceeded("The document nests more lists in each other than this database can read.") from None
    except AnswerTooLarge as error:
        raise LimitExceeded(f"The answer is longer than {error} bytes; ask for less at once.") from None
