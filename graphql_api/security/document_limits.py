"""Limits of a document: length, depth, aliases, directives, operations and fields, with fragments spread.

They are checked before validation, in time linear in the length: each fragment is measured once, however often it is
spread.
"""

from collections.abc import Mapping
from typing import NamedTuple

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
)

from graphql_api.errors import LimitExceeded
from graphql_api.settings import Settings

INTROSPECTION_DEPTH = 16  # the introspection query of GraphiQL nests 15 levels
MAX_INTROSPECTION_FIELDS = 4  # ``__schema`` and ``__type`` in one operation; clients send one


class Measure(NamedTuple):
    """Counts of a selection set, with fragments spread."""

    depth: int = 0
    introspection_depth: int = 0
    aliases: int = 0
    directives: int = 0
    root_fields: int = 0
    fields: int = 0
    introspection_fields: int = 0


EMPTY = Measure()


class DocumentMeasurer:
    """Measures selection sets of one document."""

    def __init__(self, document: DocumentNode) -> None:
        self._fragments: Mapping[str, FragmentDefinitionNode] = {
            each.name.value: each for each in document.definitions if isinstance(each, FragmentDefinitionNode)
        }
        self._measured: dict[str, Measure] = {}

    def selection_set(self, selection_set: SelectionSetNode) -> Measure:
        """Measure a selection set."""
        depth = introspection_depth = aliases = directives = root_fields = fields = introspection_fields = 0
        for node in selection_set.selections:
            directives += len(node.directives or ())
            if isinstance(node, FieldNode):
                inner = self.selection_set(node.selection_set) if node.selection_set else EMPTY
                if node.name.value.startswith("__"):
                    introspection_depth = max(introspection_depth, inner.depth + 1)
                    introspection_fields += node.name.value != "__typename"
                else:
                    depth = max(depth, inner.depth + 1)
                    introspection_depth = max(introspection_depth, inner.introspection_depth)
                aliases += node.alias is not None
                root_fields += 1
                fields += 1
            else:
                inner = self.fragment_spread(node)
                depth = max(depth, inner.depth)
                introspection_depth = max(introspection_depth, inner.introspection_depth)
                root_fields += inner.root_fields
            aliases += inner.aliases
            directives += inner.directives
            fields += inner.fields
            introspection_fields += inner.introspection_fields
        return Measure(depth, introspection_depth, aliases, directives, root_fields, fields, introspection_fields)

    def fragment_spread(self, node: SelectionNode) -> Measure:
        """Measure an inline fragment or a spread."""
        if isinstance(node, FragmentSpreadNode):
            return self.fragment(node.name.value)
        assert isinstance(node, InlineFragmentNode)
        return self.selection_set(node.selection_set)

    def fragment(self, name: str) -> Measure:
        """Measure a fragment definition. Validation refuses one that is missing or spreads itself; here it is empty."""
        if name not in self._measured:
            self._measured[name] = EMPTY
            if fragment := self._fragments.get(name):
                self._measured[name] = self.selection_set(fragment.selection_set)
        return self._measured[name]


def check_source(source: str, limits: Settings) -> None:
    """Raise LimitExceeded if the text is too long to be parsed.

    Each error's location takes graphql-core a step for each line before it, so lines have the limit of tokens.
    """
    check_limit("characters", len(source), limits.max_document_length)
    check_limit("lines", len(source.splitlines()), limits.max_tokens)


def check_document(document: DocumentNode, limits: Settings) -> None:
    """Raise LimitExceeded if the document, or any operation of it, is over a limit."""
    measurer = DocumentMeasurer(document)
    operations = [each for each in document.definitions if isinstance(each, OperationDefinitionNode)]
    check_limit("operations", len(operations), limits.max_operations)
    for operation in operations:
        found = measurer.selection_set(operation.selection_set)
        check_limit("levels of fields", found.depth, limits.max_depth)
        check_limit("levels of introspection fields", found.introspection_depth, INTROSPECTION_DEPTH)
        check_limit("fields of introspection", found.introspection_fields, MAX_INTROSPECTION_FIELDS)
        check_limit("aliases", found.aliases, limits.max_aliases)
        check_limit("directives", found.directives + len(operation.directives or ()), limits.max_directives)
        check_limit("root fields", found.root_fields, limits.max_root_fields)
        check_limit("fields", found.fields, limits.max_fields)


def check_limit(unit: str, value: int, limit: int) -> None:
    """Raise LimitExceeded if the value is over the limit."""
    if value > limit:
        raise LimitExceeded(f"The document has {value} {unit}; the limit is {limit}.")
