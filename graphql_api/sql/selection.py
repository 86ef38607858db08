"""The fields that a selection set selects on a type, with fragments spread, directives applied, equal keys merged."""

from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TypeVar

from graphql import (
    DirectiveNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    SelectionSetNode,
    ValueNode,
    is_abstract_type,
)

K = TypeVar("K")
T = TypeVar("T")

ConditionValue = Callable[[ValueNode], bool]
Fragments = Mapping[str, FragmentDefinitionNode]
Sets = Sequence[SelectionSetNode | None]


class Selection:
    """Collects the fields of a document's operations. ``condition`` returns the value of a directive's condition."""

    def __init__(self, schema: GraphQLSchema, fragments: Fragments, condition: ConditionValue) -> None:
        self.schema = schema
        self.fragments = fragments
        self.condition = condition

    def fields(self, type_: GraphQLObjectType, sets: Sets) -> dict[str, list[FieldNode]]:
        """Return the nodes of each field by its response key, in the order of the answer."""
        collected: dict[str, list[FieldNode]] = {}
        for node in self.nodes(type_, sets):
            collected.setdefault(response_key(node), []).append(node)
        return collected

    def nodes(self, type_: GraphQLObjectType, sets: Sets) -> list[FieldNode]:
        """Return the fields selected on a type, in the order of the document."""
        found: list[FieldNode] = []
        seen: set[str] = set()
        for selection_set in sets:
            if selection_set is not None:
                self._collect(type_, selection_set, found, seen)
        return found

    def by_types(
        self, types: Sequence[GraphQLObjectType], sets: Sets
    ) -> Iterator[tuple[list[FieldNode], list[GraphQLObjectType]]]:
        """Yield the nodes of each field with all types that select it by these nodes.

        For each type its fields come in the order of the document.
        """
        by_ids: dict[tuple[int, ...], list[FieldNode]] = {}
        orders: dict[GraphQLObjectType, list[tuple[int, ...]]] = {}
        for type_ in types:
            found = {tuple(map(id, nodes)): nodes for nodes in self.fields(type_, sets).values()}
            by_ids.update(found)
            orders[type_] = list(found)
        for ids, of_types in merge_orders(orders):
            yield by_ids[ids], of_types

    def _collect(
        self, type_: GraphQLObjectType, selection_set: SelectionSetNode, found: list[FieldNode], seen: set[str]
    ) -> None:
        for node in selection_set.selections:
            if not self._included(node.directives or ()):
                continue
            if isinstance(node, FieldNode):
                found.append(node)
            elif isinstance(node, InlineFragmentNode):
                if node.type_condition is None or self._fits(type_, node.type_condition.name.value):
                    self._collect(type_, node.selection_set, found, seen)
            elif isinstance(node, FragmentSpreadNode) and node.name.value not in seen:
                seen.add(node.name.value)
                fragment = self.fragments[node.name.value]
                if self._fits(type_, fragment.type_condition.name.value):
                    self._collect(type_, fragment.selection_set, found, seen)

    def _included(self, directives: Iterable[DirectiveNode]) -> bool:
        for directive in directives:
            if directive.name.value in ("skip", "include"):
                (condition,) = directive.arguments or ()  # validation allows no other
                if self.condition(condition.value) is (directive.name.value == "skip"):
                    return False
        return True

    def _fits(self, type_: GraphQLObjectType, condition: str) -> bool:
        if type_.name == condition:
            return True
        named = self.schema.type_map[condition]
        return is_abstract_type(named) and self.schema.is_sub_type(named, type_)


def response_key(node: FieldNode) -> str:
    """Return the name that a field has in the answer."""
    return node.alias.value if node.alias else node.name.value


def merge_orders(orders: Mapping[T, Sequence[K]]) -> Iterator[tuple[K, list[T]]]:
    """Merge the sequences of several owners; yield each item with its owners.

    An item comes more than once where the orders contradict each other.
    """
    left = {owner: deque(order) for owner, order in orders.items()}
    owners = Counter(item for order in orders.values() for item in order)
    while heads := {owner: queue[0] for owner, queue in left.items() if queue}:
        first = Counter(heads.values())
        item = next((each for each in first if first[each] == owners[each]), next(iter(first)))
        taken = [owner for owner, head in heads.items() if head == item]
        for owner in taken:
            left[owner].popleft()
        owners[item] -= len(taken)
        yield item, taken
