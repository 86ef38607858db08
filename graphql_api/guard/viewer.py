"""Who asks: the key of a request, and what it may touch."""

from dataclasses import dataclass

from db.tables import KeyRole
from graphql_api.errors import BadUserInput, Forbidden


@dataclass(frozen=True, slots=True)
class Viewer:
    """The holder of a key. ``application_id`` is 0 for an ADMIN key: every application."""

    application_id: int
    key_prefix: str
    key_name: str
    role: KeyRole

    @property
    def is_admin(self) -> bool:
        """Whether every application is open to this key."""
        return self.role is KeyRole.ADMIN

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

    def may_write(self) -> None:
        """Raises Forbidden for a READER key."""
        if self.role is KeyRole.READER:
            raise Forbidden("A READER key cannot change anything; use a WRITER key.")

    def may_administer(self) -> None:
        """Raises Forbidden for all but an ADMIN key."""
        if not self.is_admin:
            raise Forbidden("Only an ADMIN key can do this.")
