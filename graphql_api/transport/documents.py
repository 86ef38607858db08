"""Documents: parsed, measured and validated once, then kept."""

from collections import OrderedDict

from graphql import (
    GraphQLError,
    GraphQLSchema,
    GraphQLSyntaxError,
    NoSchemaIntrospectionCustomRule,
    parse,
    specified_rules,
    validate,
)

from graphql_api.errors import LimitExceeded
from graphql_api.guard import limits
from graphql_api.reading.plans import Document
from graphql_api.settings import Settings

MAX_KEPT = 1_000
MAX_ERRORS = 10
MAX_COMMENTS = 1_000
ABORTED = "Parsing aborted."  # how graphql-core's own limits end: tokens, comments, nesting


class InvalidDocument(Exception):
    """A document that cannot be run; ``errors`` say why."""

    def __init__(self, *errors: GraphQLError) -> None:
        super().__init__(*errors)
        self.errors = errors


class Documents:
    """The documents of one schema, the least recently used forgotten first. Only valid ones are kept."""

    def __init__(self, schema: GraphQLSchema, settings: Settings) -> None:
        self._schema = schema
        self._settings = settings
        self._kept: OrderedDict[str, Document] = OrderedDict()
        self._rules = [*specified_rules, *([] if settings.introspection else [NoSchemaIntrospectionCustomRule])]

    def get(self, source: str) -> Document:
        """The document of a text. Raises InvalidDocument."""
        document = self._kept.get(source)
        if document is not None:
            self._kept.move_to_end(source)
            return document
        document = self._made(source)
        self._kept[source] = document
        if len(self._kept) > MAX_KEPT:
            self._kept.popitem(last=False)
        return document

    def _made(self, source: str) -> Document:
        try:
            return self._checked(source)
        except RecursionError as error:
            raise InvalidDocument(LimitExceeded("The document spreads fragments too deep in each other.")) from error

    def _checked(self, source: str) -> Document:
        try:
            parsed = parse(
                source,
                allow_empty_selection_sets=False,
                max_lexical_tokens=self._settings.max_tokens,
                max_comments=MAX_COMMENTS,
                max_source_length=self._settings.max_request_bytes,
            )
            limits.check(parsed, self._settings)
        except LimitExceeded as error:
            raise InvalidDocument(error) from error
        except GraphQLError as error:
            over = not isinstance(error, GraphQLSyntaxError) or error.message.endswith(ABORTED)
            error.extensions = {"code": LimitExceeded.code if over else "GRAPHQL_PARSE_FAILED"}
            raise InvalidDocument(error) from error
        found = validate(
            self._schema,
            parsed,
            self._rules,
            max_errors=MAX_ERRORS,
            hide_suggestions=not self._settings.introspection,
            allow_empty_selection_sets=False,
        )
        if found:
            for problem in found:
                problem.extensions = {"code": "GRAPHQL_VALIDATION_FAILED", **(problem.extensions or {})}
            raise InvalidDocument(*found)
        return Document.of(self._schema, parsed)
