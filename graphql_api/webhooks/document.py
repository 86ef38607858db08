"""The document of a webhook: a subscription to sessionEvents, whose result for an event is sent."""

from graphql import GraphQLError, GraphQLSchema, OperationDefinitionNode, OperationType
from sqlalchemy import Dialect

from db.domain.errors import InvalidInput, Refusal
from db.tables import KeyRole
from graphql_api.errors import BadUserInput, LimitExceeded
from graphql_api.execution.document import Document
from graphql_api.execution.document_validation import InvalidDocument, parse_and_validate
from graphql_api.observability.operation_record import count_work
from graphql_api.security.viewer import Viewer, root_fields
from graphql_api.settings import Settings
from graphql_api.sql.request import Request

FIELD = "sessionEvents"
DEFAULT = """subscription {
  sessionEvents {
    node {
      __typename
      version
      occurred
      changes
      session {
        integrationId
        state
        version
        profileId
        coupon
        currency
        total
        discountTotal
        returnedTotal
        netTotal
        created
        updated
        closed
      }
    }
  }
}
"""


def reader_for(application_id: int, webhook_id: int) -> Viewer:
    """Return the viewer for whom a webhook reads: a READER of its application.

    All webhooks of an application are one key to the queues that serve keys in turn.
    """
    return Viewer(application_id, f"webhook-{webhook_id}", "Webhook", KeyRole.READER)


def find_subscription(document: Document) -> OperationDefinitionNode:
    """Return the subscription of a valid document. Raises InvalidDocument if it cannot be a webhook's."""
    if len(document.operations) != 1 or document.operations[0].operation is not OperationType.SUBSCRIPTION:
        raise invalid("Expected a document with one operation, a subscription.")
    (operation,) = document.operations
    if operation.variable_definitions:
        raise invalid("A webhook's document cannot have variables: there is nobody to set them.")
    fields = list(root_fields(operation.selection_set, document.fragments, set()))
    if any(node.name.value != FIELD for node in fields):
        raise invalid(f"Expected {FIELD} as the one field of the subscription.")
    if any(node.arguments for node in fields):
        raise invalid(f"{FIELD} cannot have arguments here: the webhook has a place and types of its own.")
    return operation


def invalid(problem: str) -> InvalidDocument:
    """Return the error of a document that a webhook cannot have."""
    return InvalidDocument(BadUserInput(problem))


async def document_problems(
    source: str, application_id: int, schema: GraphQLSchema, settings: Settings, dialect: Dialect
) -> list[Refusal]:
    """Return the refusals of a document. It is compiled, so that one that costs too much is refused, too."""
    if settings.only_trusted and source != DEFAULT:
        return [InvalidInput(path=("document",), problem="Only trusted documents can be run; leave document out.")]
    try:
        with count_work():
            document = Document.of(schema, parse_and_validate(source, schema, settings))
            operation = find_subscription(document)
        request = Request(reader_for(application_id, 0), settings, {})
        plan = await document.plan_operation(operation, request, dialect)
        plan.cost.evaluate(request)
    except InvalidDocument as refused:
        return [refusal(error) for error in refused.errors]
    except (LimitExceeded, BadUserInput) as error:
        return [refusal(error)]
    return []


def refusal(error: GraphQLError) -> Refusal:
    """Return an error of a document as the refusal of the input."""
    places = "".join(f" (line {each.line}, column {each.column})" for each in (error.locations or ())[:1])
    return InvalidInput(path=("document",), problem=f"{error.message}{places}")
