"""The limits of a document: one rule, linear in its length, applied before anything else walks it.

What stands in a fragment is counted once and remembered, however often the fragment is spread.
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

INTROSPECTION_DEPTH = 16  # __schema and __type nest deeper than data, in the query that every tool sends


class Measure(NamedTuple):
    """What a selection set amounts to, fragments spread."""

    depth: int = 0
    introspection_depth: int = 0
    aliases: int = 0
    directives: int = 0
    root_fields: int = 0
    fields: int = 0


NOTHING = Measure()


class Measuring:
    """Measures the selection sets of one document."""

    def __init__(self, document: DocumentNode) -> None:
        self._fragments: Mapping[str, FragmentDefinitionNode] = {
            each.name.value: each for each in document.definitions if isinstance(each, FragmentDefinitionNode)
        }
        self._measured: dict[str, Measure] = {}

    def of_set(self, selection_set: SelectionSetNode) -> Measure:
        """A selection set."""
        depth = introspection_depth = aliases = directives = root_fields = fields = 0
        for node in selection_set.selections:
            directives += len(node.directives or ())
            if isinstance(node, FieldNode):
                inner = self.of_set(node.selection_set) if node.selection_set else NOTHING
                if node.name.value.startswith("__"):
                    introspection_depth = max(introspection_depth, inner.depth + 1)
                else:
                    depth = max(depth, inner.depth + 1)
                    introspection_depth = max(introspection_depth, inner.introspection_depth)
                aliases += node.alias is not None
                root_fields += 1
                fields += 1
            else:
                inner = self.of_spread(node)
                depth = max(depth, inner.depth)
                introspection_depth = max(introspection_depth, inner.introspection_depth)
                root_fields += inner.root_fields
            aliases += inner.aliases
            directives += inner.directives
            fields += inner.fields
        return Measure(depth, introspection_depth, aliases, directives, root_fields, fields)

    def of_spread(self, node: SelectionNode) -> Measure:
        """What a fragment brings to where it stands."""
        if isinstance(node, FragmentSpreadNode):
            return self.of_fragment(node.name.value)
        assert isinstance(node, InlineFragmentNode)
        return self.of_set(node.selection_set)

    def of_fragment(self, name: str) -> Measure:
        """A fragment. One that is not there, or that spreads itself, is left for validation to refuse."""
        if name not in self._measured:
            self._measured[name] = NOTHING
            if fragment := self._fragments.get(name):
                self._measured[name] = self.of_set(fragment.selection_set)
        return self._measured[name]


def check(document: DocumentNode, limits: Settings) -> None:
    """Raises LimitExceeded where a document, or any operation of it, is over a limit."""
    measuring = Measuring(document)
    operations = [each for each in document.definitions if isinstance(each, OperationDefinitionNode)]
    within("has operations", len(operations), limits.max_operations)
    for operation in operations:
        found = measuring.of_set(operation.selection_set)
        within("nests fields", found.depth, limits.max_depth)
        within("nests introspection", found.introspection_depth, INTROSPECTION_DEPTH)
        within("has aliases", found.aliases, limits.max_aliases)
        within("has directives", found.directives + len(operation.directives or ()), limits.max_directives)
        within("has root fields", found.root_fields, limits.max_root_fields)
        within("selects fields", found.fields, limits.max_fields)


def within(name: str, value: int, most: int) -> None:
    """Raises LimitExceeded where a value is not within its limit."""
    if value > most:
        raise LimitExceeded(f"The document {name}: {value}, and the limit is {most}.")
