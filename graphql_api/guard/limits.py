"""The limits of a document: one rule, linear in its length, applied before anything else walks it.

What stands in a fragment is counted once and remembered, however often the fragment is spread.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
)

from graphql_api.errors import LimitExceeded
from graphql_api.settings import Settings

INTROSPECTION_DEPTH = 16  # __schema and __type nest deeper than data, in the query that every tool sends


@dataclass(frozen=True, slots=True)
class Measure:
    """What a selection set amounts to, fragments spread."""

    depth: int = 0
    introspection_depth: int = 0
    aliases: int = 0
    directives: int = 0
    fields: int = 0

    def beside(self, other: "Measure") -> "Measure":
        """Both in one selection set."""
        return Measure(
            max(self.depth, other.depth),
            max(self.introspection_depth, other.introspection_depth),
            self.aliases + other.aliases,
            self.directives + other.directives,
            self.fields + other.fields,
        )


class Measuring:
    """Measures the selection sets of one document."""

    def __init__(self, document: DocumentNode) -> None:
        self._fragments: Mapping[str, FragmentDefinitionNode] = {
            each.name.value: each for each in document.definitions if isinstance(each, FragmentDefinitionNode)
        }
        self._measured: dict[str, Measure] = {}

    def of_set(self, selection_set: SelectionSetNode | None) -> Measure:
        """A selection set."""
        if selection_set is None:
            return Measure()
        return reduce(Measure.beside, map(self.of_node, selection_set.selections), Measure())

    def of_node(self, node: SelectionNode) -> Measure:
        """A field, an inline fragment or a spread."""
        directives = len(node.directives or ())
        if isinstance(node, FieldNode):
            inner = self.of_set(node.selection_set)
            meta = node.name.value.startswith("__")
            return Measure(
                0 if meta else inner.depth + 1,
                inner.depth + 1 if meta else inner.introspection_depth,
                inner.aliases + (node.alias is not None),
                inner.directives + directives,
                1,
            )
        if isinstance(node, FragmentSpreadNode):
            return self.of_fragment(node.name.value).beside(Measure(directives=directives))
        inner = self.of_set(getattr(node, "selection_set", None))
        return inner.beside(Measure(directives=directives))

    def of_fragment(self, name: str) -> Measure:
        """A fragment. One that is not there, or that spreads itself, is left for validation to refuse."""
        if name not in self._measured:
            self._measured[name] = Measure()
            if fragment := self._fragments.get(name):
                self._measured[name] = self.of_set(fragment.selection_set)
        return self._measured[name]


def check(document: DocumentNode, limits: Settings) -> None:
    """Raises LimitExceeded where any operation of a document is over a limit."""
    measuring = Measuring(document)
    for operation in document.definitions:
        if isinstance(operation, OperationDefinitionNode):
            found = measuring.of_set(operation.selection_set)
            for name, value, most in (
                ("nests fields", found.depth, limits.max_depth),
                ("nests introspection", found.introspection_depth, INTROSPECTION_DEPTH),
                ("has aliases", found.aliases, limits.max_aliases),
                ("has directives", found.directives, limits.max_directives),
                ("has root fields", found.fields, limits.max_root_fields),
            ):
                if value > most:
                    raise LimitExceeded(f"The document {name}: {value}, and the limit is {most}.")
