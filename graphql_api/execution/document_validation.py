"""Parse a document, check it against the limits, and validate it."""

from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLSchema,
    GraphQLSyntaxError,
    NoSchemaIntrospectionCustomRule,
    parse,
    specified_rules,
    validate,
)
from graphql.validation.rules import overlapping_fields_can_be_merged
from graphql.validation.validate import ValidationAbortedError

from graphql_api.errors import LimitExceeded
from graphql_api.security import document_limits
from graphql_api.settings import Settings

MAX_COMMENTS = 1_000
MAX_ERRORS = 5
MAX_MESSAGE_LENGTH = 1_000  # characters: graphql-core prints a wrong value as a whole into each error about it
ABORTED = "Parsing aborted."  # the end of graphql-core's messages about tokens, comments and nesting

# The rule whether fields can be merged is the one whose work grows as the square of the document. graphql-core reads
# this attribute when a validation begins; comparing two fields takes 2 units. With the default of 500,000, a document
# within the limits, of 180 fragments spread side by side, took 270 ms.
overlapping_fields_can_be_merged.MAX_COMPLEXITY_BUDGET = 3_000


class InvalidDocument(Exception):
    """A document cannot be run; ``errors`` are the reasons."""

    def __init__(self, *errors: GraphQLError) -> None:
        super().__init__(*errors)
        self.errors = errors


def parse_and_validate(source: str, schema: GraphQLSchema, settings: Settings) -> DocumentNode:
    """Return the document if it is valid and within the limits. Raises InvalidDocument."""
    document = parse_within_limits(source, settings)
    rules = specified_rules if settings.shows_schema else (*specified_rules, NoSchemaIntrospectionCustomRule)
    errors = validate(schema, document, rules, max_errors=MAX_ERRORS, hide_suggestions=not settings.suggests_names)
    if not errors:
        return document
    if isinstance(errors[0], ValidationAbortedError):
        raise InvalidDocument(LimitExceeded("The document repeats fields or fragments too often."))
    for error in errors:
        error.message = error.message[:MAX_MESSAGE_LENGTH]
        error.extensions = {"code": "GRAPHQL_VALIDATION_FAILED", **(error.extensions or {})}
    raise InvalidDocument(*errors)


def parse_within_limits(source: str, settings: Settings) -> DocumentNode:
    """Return the document if its syntax is right and it is within the limits. Raises InvalidDocument."""
    try:
        document_limits.check_source(source, settings)
        document = parse(
            source,
            max_lexical_tokens=settings.max_tokens,
            max_comments=MAX_COMMENTS,
            allow_empty_selection_sets=False,
        )
        document_limits.check_document(document, settings)
    except LimitExceeded as error:
        raise InvalidDocument(error) from error
    except GraphQLSyntaxError as error:
        is_limit = error.message.endswith(ABORTED)
        error.extensions = {"code": LimitExceeded.code if is_limit else "GRAPHQL_PARSE_FAILED"}
        raise InvalidDocument(error) from error
    except RecursionError:
        raise InvalidDocument(LimitExceeded("The document nests fragments too deeply.")) from None
    return document
