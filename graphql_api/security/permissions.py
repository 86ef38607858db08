"""Permissions of session tokens: the root fields that they may select, and the input fields that they may set.

graphql_api.types.sources restricts the rows that they can read.
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
    """The rights of a session token, as its scope claim."""

    READ = "read"
    WRITE_CART = "write_cart"


INTROSPECTION = {"__schema", "__type"}
READABLE = {
    OperationType.QUERY: {"customerSession", "node", "nodes", "viewer", "__typename", *INTROSPECTION},
    OperationType.MUTATION: {"__typename"},
    OperationType.SUBSCRIPTION: {"customerSessionChanged", "__typename"},
}
# An allowlist: a root field added later is forbidden until it is listed here.
ALLOWED_ROOT_FIELDS: Mapping[TokenRights, Mapping[OperationType, Collection[str]]] = {
    TokenRights.READ: READABLE,
    TokenRights.WRITE_CART: {**READABLE, OperationType.MUTATION: {"updateSession", "__typename"}},
}
# The fields that a shopper may set; discounts and the customer are set by the shop.
CART_FIELDS = ("cartItems", "coupon", "referral")


@dataclass(frozen=True, slots=True)
class TokenPermissions:
    """Rights on one session, which ``session_id`` numbers in its application."""

    session_id: int
    rights: TokenRights

    def check_operation(
        self, operation: OperationDefinitionNode, fragments: Mapping[str, FragmentDefinitionNode], introspection: bool
    ) -> None:
        """Raise Forbidden if the operation selects a root field that is not allowed, or the schema."""
        allowed = ALLOWED_ROOT_FIELDS[self.rights][operation.operation]
        for name in root_fields(operation.selection_set, fragments, set()):
            if name in INTROSPECTION and not introspection:
                raise Forbidden("A session token cannot introspect the schema; use a key.")
            if name not in allowed:
                raise Forbidden(f"A session token with {self.rights.name} cannot select {name}; use a key.")

    def check_update(self, input_fields: Collection[str]) -> None:
        """Raise Forbidden if an update sets input fields other than the cart's."""
        for name in input_fields:
            if self.rights is not TokenRights.WRITE_CART or name not in CART_FIELDS:
                raise Forbidden(f"A session token with {self.rights.name} cannot set {name}; use a WRITER key.")


def root_fields(
    selection_set: SelectionSetNode, fragments: Mapping[str, FragmentDefinitionNode], visited: set[str]
) -> Iterator[str]:
    """Yield the names of all root fields of an operation, also of those that a directive skips."""
    for node in selection_set.selections:
        match node:
            case FieldNode():
                yield node.name.value
            case InlineFragmentNode():
                yield from root_fields(node.selection_set, fragments, visited)
            case FragmentSpreadNode() if node.name.value not in visited:
                visited.add(node.name.value)
                yield from root_fields(fragments[node.name.value].selection_set, fragments, visited)
