"""The viewer: the key or session token of a request, with its permissions.

A session token may select certain root fields and set certain input fields. graphql_api.types.sources restricts the
rows that it can read.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
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

from db.engine.fair import Holder
from db.tables import KeyRole
from graphql_api.errors import BadUserInput, Forbidden


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
CART_MUTATIONS = {"updateSession", "addCartItems", "updateCartItems", "removeCartItems"}
# An allowlist: a root field added later is forbidden until it is listed here.
ALLOWED_ROOT_FIELDS: Mapping[TokenRights, Mapping[OperationType, Collection[str]]] = {
    TokenRights.READ: READABLE,
    TokenRights.WRITE_CART: {**READABLE, OperationType.MUTATION: {*CART_MUTATIONS, "__typename"}},
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
        for name in (node.name.value for node in root_fields(operation.selection_set, fragments, set())):
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
) -> Iterator[FieldNode]:
    """Yield all root fields of an operation, also those that a directive skips."""
    for node in selection_set.selections:
        match node:
            case FieldNode():
                yield node
            case InlineFragmentNode():
                yield from root_fields(node.selection_set, fragments, visited)
            case FragmentSpreadNode() if node.name.value not in visited:
                visited.add(node.name.value)
                yield from root_fields(fragments[node.name.value].selection_set, fragments, visited)


@dataclass(frozen=True, slots=True)
class Viewer:
    """The holder of a key or of a session token.

    ``application_id`` is 0 for an ADMIN key, which can access every application. ``key_prefix`` identifies the holder
    and is not secret. A token's prefix is that of its key with the session's number appended, so that it has its own
    idempotency keys and budget.
    """

    application_id: int
    key_prefix: str
    key_name: str
    role: KeyRole
    expires: datetime | None = None
    token_permissions: TokenPermissions | None = None

    @property
    def holder(self) -> Holder:
        """The caller for which the database works. The tokens of a key share its turns."""
        return self.application_id, self.key_prefix.partition("-")[0], self.key_prefix

    @property
    def is_admin(self) -> bool:
        """Whether this is an ADMIN key."""
        return self.role is KeyRole.ADMIN

    @property
    def session_id(self) -> int | None:
        """The number of the session that a session token can read; None for a key."""
        return self.token_permissions.session_id if self.token_permissions else None

    def resolve_application(self, application_id: int | None) -> int:
        """Return the ID of the application that a field is about, given its ``applicationId`` argument.

        For a READER or WRITER key it is the key's own. Raises Forbidden if another one is given, and BadUserInput if an
        ADMIN key gives none.
        """
        if self.is_admin:
            if application_id is None:
                raise BadUserInput("applicationId is required with an ADMIN key.")
            return application_id
        if application_id is not None and application_id != self.application_id:
            raise Forbidden("This key belongs to another application; leave applicationId out.")
        return self.application_id

    def can_see(self, application_id: int) -> bool:
        """Whether the viewer can read rows of the application."""
        return self.is_admin or application_id == self.application_id

    def require_update(self, input_fields: Collection[str]) -> None:
        """Raise Forbidden if the viewer may not set these input fields of a session."""
        if self.token_permissions is None:
            self.require_write()
        else:
            self.token_permissions.check_update(input_fields)

    def require_write(self) -> None:
        """Raise Forbidden for a READER key and for a session token."""
        if self.token_permissions is not None:
            raise Forbidden("A session token cannot do this; use a WRITER key.")
        if self.role is KeyRole.READER:
            raise Forbidden("A READER key cannot change anything; use a WRITER key.")

    def require_admin(self) -> None:
        """Raise Forbidden unless this is an ADMIN key."""
        if not self.is_admin:
            raise Forbidden("Only an ADMIN key can do this.")
