"""The viewer: the key or session token of a request, with its permissions."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from db.tables import KeyRole
from graphql_api.errors import BadUserInput, Forbidden
from graphql_api.security.permissions import TokenPermissions


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
