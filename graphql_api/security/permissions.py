"""What a session token opens: which root fields it may ask for, and what it may set.

Which rows exist for it is decided where tables get into a statement: graphql_api.sql.scope.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
)

from graphql_api.errors import Forbidden


class TokenRights(StrEnum):
    """What the holder of a session token may do."""

    READ = "read"
    WRITE_CART = "write_cart"


READABLE = {
    OperationType.QUERY: {"customerSession", "node", "nodes", "viewer", "__schema", "__type", "__typename"},
    OperationType.MUTATION: {"__typename"},
    OperationType.SUBSCRIPTION: {"customerSessionChanged", "__typename"},
}
# The root fields that a token may ask for. All others are closed to it, and so are those that are yet to come.
OPEN: Mapping[TokenRights, Mapping[OperationType, Collection[str]]] = {
    TokenRights.READ: READABLE,
    TokenRights.WRITE_CART: {**READABLE, OperationType.MUTATION: {"updateSession", "__typename"}},
}
CART = ("cartItems", "coupon", "referral")  # what a shopper sets; a discount or a customer is for the shop to say


@dataclass(frozen=True, slots=True)
class Grant:
    """One session, by its number in its application, and what may be done with it."""

    session_id: int
    rights: TokenRights

    def check(self, operation: OperationDefinitionNode, fragments: Mapping[str, FragmentDefinitionNode]) -> None:
        """Raises Forbidden for an operation with any root field that is closed."""
        open_to_it = OPEN[self.rights][operation.operation]
        for name in root_fields(operation.selection_set, fragments, set()):
            if name not in open_to_it:
                raise Forbidden(f"A session token with {self.rights.name} cannot ask for {name}; use a key.")

    def check_update(self, names: Collection[str]) -> None:
        """Raises Forbidden where an update sets more than the cart; ``names`` are those of the input's fields."""
        for name in names:
            if self.rights is not TokenRights.WRITE_CART or name not in CART:
                raise Forbidden(f"A session token with {self.rights.name} cannot set {name}; use a WRITER key.")


def root_fields(
    selected: SelectionSetNode, fragments: Mapping[str, FragmentDefinitionNode], spread: set[str]
) -> Iterator[str]:
    """The names of all root fields that an operation can come to, whatever its directives say."""
    for node in selected.selections:
        match node:
            case FieldNode():
                yield node.name.value
            case InlineFragmentNode():
                yield from root_fields(node.selection_set, fragments, spread)
            case FragmentSpreadNode() if node.name.value not in spread:
                spread.add(node.name.value)
                yield from root_fields(fragments[node.name.value].selection_set, fragments, spread)
