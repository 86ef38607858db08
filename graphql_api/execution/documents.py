"""Documents: parsed, measured and validated once, then kept."""

from collections.abc import Callable
from pathlib import Path

from graphql import DocumentNode, GraphQLError, GraphQLSchema, GraphQLSyntaxError, NoSchemaIntrospectionCustomRule

from graphql_api.errors import BadUserInput, DocumentNotFound, Forbidden, LimitExceeded
from graphql_api.execution.document import Document
from graphql_api.execution.document_cache import Kept
from graphql_api.execution.parameters import Parameters
from graphql_api.security import document_limits as limits
from graphql_api.security import trusted_documents as manifest
from graphql_api.security.parsing import lines, parse
from graphql_api.security.validation import RULES, TOO_MUCH_WORK, validate
from graphql_api.settings import Settings

NOT_FOUND = "PersistedQueryNotFound"  # what Apollo's clients look for
ABORTED = "Parsing aborted."  # how graphql-core's own limits end: tokens, comments, nesting


class InvalidDocument(Exception):
    """A document that cannot be run; ``errors`` say why."""

    def __init__(self, *errors: GraphQLError) -> None:
        super().__init__(*errors)
        self.errors = errors


class Documents:
    """The documents of one schema. Trusted ones are there from the start and stay.

    Of the others, those that are valid are kept for a while.
    """

    def __init__(self, schema: GraphQLSchema, settings: Settings) -> None:
        self._schema = schema
        self._settings = settings
        self._kept = Kept()
        self._rules = [*RULES, *([] if settings.shows_schema else [NoSchemaIntrospectionCustomRule])]
        self._trusted = self._from_manifest(settings.trusted_documents) if settings.trusted_documents else {}

    def asked_for(self, given: Parameters) -> Document:
        """The document that a request has or names. Raises InvalidDocument.

        Clients cannot make a document trusted: what Apollo's send after PersistedQueryNotFound is run and not kept.
        """
        if given.query is None:
            return self._named(given)
        if self._settings.only_trusted:
            raise InvalidDocument(Forbidden("Only trusted documents are run here; send the documentId of one."))
        if given.persisted_query is not None and given.persisted_query != manifest.digest(given.query):
            raise InvalidDocument(BadUserInput("extensions.persistedQuery has another hash than the query."))
        return self.get(given.query)

    def _named(self, given: Parameters) -> Document:
        by_id = given.document_id is not None
        document = self._trusted.get(given.document_id or given.persisted_query or "")
        if document is None:
            problem = "No trusted document has this documentId." if by_id else NOT_FOUND
            raise InvalidDocument(DocumentNotFound(problem))
        return document

    def _from_manifest(self, path: Path) -> dict[str, Document]:
        """The documents of a manifest, by all their names. Raises BadManifest."""
        trusted: dict[str, Document] = {}
        for identifier, source in manifest.read(path).items():
            try:
                document = self._made(source)
            except InvalidDocument as invalid:
                problem = invalid.errors[0].message
                raise manifest.BadManifest(path, f"the document {identifier!r} cannot be run: {problem}") from invalid
            trusted.update(dict.fromkeys(manifest.names(identifier, source), document))
        return trusted

    def get(self, source: str) -> Document:
        """The document of a text that anyone sent. Raises InvalidDocument."""
        document = self._kept.get(source)
        if document is None:
            document = self._made(source, self._kept.weigh)
            self._kept.keep(document)
        return document

    def _made(self, source: str, grown: Callable[[Document], None] | None = None) -> Document:
        try:
            return Document.of(self._schema, self._checked(source), grown)
        except RecursionError as error:
            raise InvalidDocument(LimitExceeded("The document spreads fragments too deep in each other.")) from error

    def _checked(self, source: str) -> DocumentNode:
        try:
            limits.within("has characters", len(source), self._settings.max_document_length)
            # To find where an error is, graphql-core goes through all lines: more of them than tokens serve no reader.
            limits.within("has lines", lines(source, len(source)), self._settings.max_tokens)
            document = parse(source, self._settings.max_tokens)
            limits.check(document, self._settings)
        except LimitExceeded as error:
            raise InvalidDocument(error) from error
        except GraphQLError as error:
            over = not isinstance(error, GraphQLSyntaxError) or error.message.endswith(ABORTED)
            error.extensions = {"code": LimitExceeded.code if over else "GRAPHQL_PARSE_FAILED"}
            raise InvalidDocument(error) from error
        found = validate(self._schema, document, self._rules, not self._settings.shows_schema)
        if found:
            if found[0].message == TOO_MUCH_WORK:
                raise InvalidDocument(LimitExceeded("The document repeats fields or fragments too often."))
            for problem in found:
                problem.extensions = {"code": "GRAPHQL_VALIDATION_FAILED", **(problem.extensions or {})}
            raise InvalidDocument(*found)
        return document
