"""Execute the operation of an HTTP request, under the server's limits."""

from collections.abc import Awaitable, Callable
from functools import partial

from graphql import ExecutionResult, OperationType

from graphql_api.errors import OperationFailed
from graphql_api.execution import results, run
from graphql_api.execution.document_validation import InvalidDocument
from graphql_api.execution.lazy_timeout import with_lazy_timeout
from graphql_api.execution.parameters import Parameters
from graphql_api.execution.results import Results, prepare
from graphql_api.http.disconnect import until_disconnect
from graphql_api.http.errors import method_not_allowed, not_acceptable
from graphql_api.http.negotiation import EVENT_STREAM
from graphql_api.http.request import HTTPRequest

# Starts an operation whose results are streamed.
Start = Callable[[], Awaitable[Results]]


async def execute(request: HTTPRequest, parameters: Parameters) -> ExecutionResult | Start:
    """Return the result of an operation, or how to start it if the response is a stream of events.

    Raises RateLimited, InvalidDocument, OperationFailed, HTTPError and ClientDisconnected.
    """
    record, admission, seconds = request.record, request.server.admission, request.server.settings.deadline_seconds
    assert record.viewer is not None, "the caller has been authenticated"
    admission.admit(record.viewer.key_prefix)
    try:
        timeout = partial(until_disconnect, request.receive, seconds)
        return await with_lazy_timeout(execute_prepared(request, parameters), timeout)
    except TimeoutError as error:
        raise OperationFailed(run.deadline_error(record.kind, seconds)) from error
    finally:
        admission.release(record.viewer.key_prefix, record.charge())


async def execute_prepared(request: HTTPRequest, parameters: Parameters) -> ExecutionResult | Start:
    """Find the operation, and execute it unless its results are to be streamed."""
    server, record, media_type = request.server, request.record, request.media_type
    try:
        document, operation = prepare(server.documents, parameters, record)
    except InvalidDocument as invalid:
        if media_type is None:
            return partial(results.fail, *invalid.errors)
        raise
    is_subscription = operation.operation is OperationType.SUBSCRIPTION
    if request.method != "POST" and operation.operation is not OperationType.QUERY:
        raise method_not_allowed("POST", "A GET can only query; send any other operation by POST.")
    context = server.context(document, record)
    if request.accepts_events and (media_type is None or is_subscription):

        async def start() -> Results:
            stream = await results.start(context, operation, parameters.variables)
            limited = results.charge_each if is_subscription else results.admit
            return limited(server.admission, record, stream)

        return start
    if is_subscription:
        raise not_acceptable(f"A subscription is answered as {EVENT_STREAM}, or over WebSocket.")
    return await run.run(context, operation, parameters.variables)
