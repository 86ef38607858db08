"""Execution of queries and mutations, and the reads of their fields, of payloads and of events."""

from collections.abc import Mapping
from typing import Any, cast

import orjson
from graphql import (
    ExecutionResult,
    GraphQLError,
    OperationDefinitionNode,
    OperationType,
    Undefined,
    coerce_input_value,
    get_variable_values,
    is_non_null_type,
)
from graphql.execution.values import VariableValues, VariableValueSource
from graphql.utilities.coerce_input_value import coerce_default_value

from db.engine.errors import AnswerTooLarge, StatementTooDeep
from graphql_api.errors import (
    BadUserInput,
    Forbidden,
    LimitExceeded,
    OperationFailed,
    TimedOut,
    public_error,
    public_errors,
)
from graphql_api.execution.context import Context, Info
from graphql_api.execution.document import Document
from graphql_api.execution.document_validation import InvalidDocument
from graphql_api.execution.documents import Documents
from graphql_api.execution.executor import execute_fields
from graphql_api.execution.parameters import Parameters
from graphql_api.observability.operation_record import MAX_NAME_LENGTH, OperationRecord
from graphql_api.settings import Settings
from graphql_api.sql.plan import Plan
from graphql_api.sql.request import Request

MAX_COERCION_ERRORS = 10  # reported for one request


async def prepare(
    documents: Documents, parameters: Parameters, record: OperationRecord
) -> tuple[Document, OperationDefinitionNode]:
    """Return the document and the operation that a request selects, and record them.

    Raises InvalidDocument, also for an operation that the caller's session token does not permit.
    """
    viewer = record.viewer
    assert viewer is not None, "the caller has been authenticated"
    document = await documents.resolve(parameters, viewer)
    record.document = document.sha256
    operation = select_operation(document, parameters.operation_name)
    record.kind = operation.operation
    record.name = operation.name.value[:MAX_NAME_LENGTH] if operation.name else None
    if viewer.token_permissions is not None:
        try:
            introspection = documents.settings.token_introspection
            viewer.token_permissions.check_operation(operation, document.fragments, introspection)
        except Forbidden as error:
            raise InvalidDocument(error) from error
    return document, operation


def select_operation(document: Document, name: str | None) -> OperationDefinitionNode:
    """Return the operation with a name, or the only one. Raises InvalidDocument."""
    named = [each for each in document.operations if name is None or (each.name and each.name.value == name)]
    if len(named) == 1:
        return named[0]
    if not document.operations:
        problem = "The document has no operation."
    elif name:
        problem = f"The document has no operation {name!r}."
    else:
        problem = "The document has several operations; name one of them in operationName."
    raise InvalidDocument(BadUserInput(problem))


async def run(context: Context, operation: OperationDefinitionNode, variables: Mapping[str, Any]) -> ExecutionResult:
    """Execute a query or a mutation. The caller sets the deadline.

    Raises OperationFailed where nothing was executed because of the request. Any other exception is a failure of the
    server, for which the caller answers with ``public_error``.
    """
    values = coerce_variables(context.document, context.settings, operation, variables)
    run_operation = run_query if operation.operation is OperationType.QUERY else run_mutation
    try:
        result = await run_operation(context, operation, values)
    except GraphQLError as error:
        raise OperationFailed(public_error(error)) from error
    result.extensions = cost_extension(context, context.record.cost)
    return result


def coerce_variables(
    document: Document, settings: Settings, operation: OperationDefinitionNode, given: Mapping[str, Any]
) -> VariableValues:
    """Return the values of an operation's variables. Raises OperationFailed where they do not fit their types.

    graphql-core's ``get_variable_values`` looks up the types of the variables each time, which takes a tenth of a read
    of one session. It is called for its error messages only, and ``coerce_input_value`` where a coercer is in doubt.
    """
    sources: dict[str, VariableValueSource] = {}
    coerced: dict[str, Any] = {}
    for signature, coerce in document.variables[id(operation)]:
        name = signature.name
        if name in given:
            value = given[name]
            sources[name] = VariableValueSource(signature, value)
            try:
                coerced[name] = coerce(value)
            except Exception:  # of whatever kind
                coerced[name] = coerce_input_value(value, signature.type)
                if coerced[name] is Undefined:
                    raise OperationFailed(*coercion_errors(document, settings, operation, given)) from None
        else:
            sources[name] = VariableValueSource(signature)
            if signature.default is not None:
                coerced[name] = coerce_default_value(signature)
            elif is_non_null_type(signature.type):
                raise OperationFailed(*coercion_errors(document, settings, operation, given))
    return VariableValues(sources, coerced)


def coercion_errors(
    document: Document, settings: Settings, operation: OperationDefinitionNode, given: Mapping[str, Any]
) -> list[GraphQLError]:
    """Return the errors of variables whose values do not fit their types."""
    errors = get_variable_values(
        document.schema,
        operation.variable_definitions or (),
        dict(given),
        MAX_COERCION_ERRORS,
        hide_suggestions=not settings.suggests_names,
    )
    assert isinstance(errors, list), "a value does not fit its type"
    return public_errors(errors)


async def run_query(context: Context, operation: OperationDefinitionNode, values: VariableValues) -> ExecutionResult:
    """Answer a query by one statement, or field by field where a field's arguments are bad or it reads the schema.

    Raises LimitExceeded, which is about the whole query. No failure of the database leads to a second attempt.
    """
    try:
        data: Any = await read_operation(context, operation, values.coerced)
    except LimitExceeded:
        raise
    except GraphQLError:  # the executor answers the other fields, and names this one in the error's path
        context.record.cost = 0
        data = None
    return ExecutionResult(data) if data is not None else await execute_fields(context, operation, values)


async def run_mutation(context: Context, operation: OperationDefinitionNode, values: VariableValues) -> ExecutionResult:
    """Execute the fields of a mutation one after another. One that would cost too much changes nothing."""
    cost = context.document.cost(operation, Request(context.viewer, context.settings, values.coerced))
    result = await execute_fields(context, operation, values)
    context.record.cost = cost  # includes what was read for the payloads
    return result


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


def deadline_error(kind: OperationType | None, seconds: float) -> TimedOut:
    """Return the error of an operation whose deadline has passed."""
    problem = f"Not done within {seconds:g} seconds."
    if kind is OperationType.MUTATION:  # a write that has started is not cancelled
        problem += " What it was to change may have been changed all the same; read it again."
    return TimedOut(problem)


def cost_extension(context: Context, cost: int) -> dict[str, Any]:
    """Return the entry of ``extensions`` with an operation's cost and the highest that is allowed."""
    return {"cost": {"requested": cost, "maximum": context.settings.max_cost}}


def to_response(result: ExecutionResult) -> dict[str, Any]:
    """Return the GraphQL response with a result."""
    response: dict[str, Any] = {"data": result.data}
    if result.errors:
        response = {"errors": [each.formatted for each in result.errors], **response}
    if result.extensions:
        response["extensions"] = result.extensions
    return response
