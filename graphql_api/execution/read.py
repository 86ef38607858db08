"""Reads: run the statement of a field or of a whole operation, whose value is JSON text."""

from collections.abc import Mapping
from typing import Any, cast

import orjson
from graphql import OperationDefinitionNode

from db.engine.errors import AnswerTooLarge, StatementTooDeep
from graphql_api.errors import LimitExceeded
from graphql_api.execution.context import Context, Info
from graphql_api.sql.plan import Plan
from graphql_api.sql.request import Request


async def read_field(info: Info, source: Any = None) -> Any:
    """Return the JSON of one field. ``source`` is the object whose key the field is read by, in a payload."""
    context = info.context
    raw = info._raw_info
    variables = cast(Mapping[str, Any], raw.variable_values)  # Strawberry puts the coerced values there
    request = Request(context.viewer, context.settings, variables, source)
    plan = await context.document.plan_field(raw.parent_type, raw.field_nodes, request, context.database.dialect)
    return await read(context, plan, request)


def charge_field(info: Info) -> None:
    """Add the cost of a field that is refused and not read."""
    context, raw = info.context, info._raw_info
    request = Request(context.viewer, context.settings, cast(Mapping[str, Any], raw.variable_values))
    context.record.cost += context.document.field_cost(raw.parent_type, raw.field_nodes, request)


async def read_operation(
    context: Context, operation: OperationDefinitionNode, variables: Mapping[str, Any], source: Any = None
) -> orjson.Fragment | None:
    """Return the data of a whole query, or of one event of a subscription, by one statement.

    None where it reads the schema, which is not in the database, or runs an operation. Raises LimitExceeded and
    BadUserInput.
    """
    request = Request(context.viewer, context.settings, variables, source)
    plan = await context.document.plan_operation(operation, request, context.database.dialect)
    if plan.statement is None:
        plan.cost.evaluate(request)
        return None
    return await read(context, plan, request)


async def check_event_cost(context: Context, operation: OperationDefinitionNode, variables: Mapping[str, Any]) -> None:
    """Raise LimitExceeded or BadUserInput where no event of a subscription could be read."""
    request = Request(context.viewer, context.settings, variables)
    plan = await context.document.plan_operation(operation, request, context.database.dialect)
    plan.cost.evaluate(request)


async def read(context: Context, plan: Plan, request: Request) -> orjson.Fragment:
    """Run a plan's statement. Raises LimitExceeded where the database refuses it for its size or that of its value."""
    assert plan.statement is not None
    try:
        cost = plan.cost.evaluate(request)
        context.record.cost += cost
        objects = None if plan.cost.sweeps else cost
        for each in plan.lookups:
            request.memo[each] = await context.database.query(each.operation, each(request))
        return orjson.Fragment(await context.database.read(plan.statement, plan.bind(request), objects) or "null")
    except StatementTooDeep:
        raise LimitExceeded("The document nests more lists in each other than this database can read.") from None
    except AnswerTooLarge as error:
        raise LimitExceeded(f"The answer is longer than {error} bytes; ask for less at once.") from None
