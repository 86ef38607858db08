"""Who asks: the key of a request, and what it may touch."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from db.tables import KeyRole
from graphql_api.errors import BadUserInput, Forbidden
from graphql_api.security.permissions import Grant


@dataclass(frozen=True, slots=True)
class Viewer:
    """The holder of a key, or of a session token and its ``grant``.

    ``application_id`` is 0 for an ADMIN key: every application. ``key_prefix`` tells holders apart and is no secret;
    a token's is the key's with the number of the session, so that repeats and budgets of a browser are its own.
    """

    application_id: int
    key_prefix: str
    key_name: str
    role: KeyRole
    expires: datetime | None = None
    grant: Grant | None = None

    @property
    def is_admin(self) -> bool:
        """Whether every application is open to this key."""
        return self.role is KeyRole.ADMIN

    @property
    def session_id(self) -> int | None:
        """The number of the one session that exists for a session token; None for a key."""
        return self.grant.session_id if self.grant else None

    def application(self, asked: int | None) -> int:
        """The application a field is about.

        A READER or WRITER key means its own; Forbidden for another. An ADMIN key has to say: BadUserInput.
        """
        if self.is_admin:
            if asked is None:
                raise BadUserInput("applicationId is needed with an ADMIN key.")
            return asked
        if asked is not None and asked != self.application_id:
            raise Forbidden("This key belongs to another application; leave applicationId out.")
        return self.application_id

    def sees(self, application_id: int) -> bool:
        """Whether rows of the application exist for this key."""
        return self.is_admin or application_id == self.application_id

    def may_update(self, names: Collection[str]) -> None:
        """Raises Forbidden where the input fields named are not for this holder to set on a session."""
        if self.grant is None:
            self.may_write()
        else:
            self.grant.check_update(names)

    def may_write(self) -> None:
        """Raises Forbidden for a READER key and for a session token."""
        if self.grant is not None:
            raise Forbidden("A session token cannot do this; use a WRITER key.")
        if self.role is KeyRole.READER:
            raise Forbidden("A READER key cannot change anything; use a WRITER key.")

    def may_administer(self) -> None:
        """Raises Forbidden for all but an ADMIN key."""
        if not self.is_admin:
            raise Forbidden("Only an ADMIN key can do this.")
